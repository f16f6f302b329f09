"""``ferbench list``: what can be named on the command line, and what each of it needs."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
