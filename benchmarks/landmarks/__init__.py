"""Train and evaluate the landmark model that ships with ferbench."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
