"""Vocabularies of local features: learn their words, and encode an image by them."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
