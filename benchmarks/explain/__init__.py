"""Explain answers: what a recognizer looks at, what its extractor sees, and which training images are nearest."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
