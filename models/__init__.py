"""Recognizers: named recipes, the CNN, and bundles that carry them."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
