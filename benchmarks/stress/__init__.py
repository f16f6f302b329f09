"""Stress recognizers with corrupted images: how much accuracy they keep, and which side breaks first."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
