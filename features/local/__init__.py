"""Local features: learn their words, encode an image by them, and pool them over cells."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
