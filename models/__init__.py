"""Recognizers of facial expressions: named recipes, classifiers, networks, and bundles to save them in."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
