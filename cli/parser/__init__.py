"""The parser of the command line: help by purpose, what a mistyped word may have meant, shell completion."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
