"""Measure recognizers of other packages, each in a Python interpreter of its own."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
