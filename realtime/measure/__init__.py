"""Measure one configuration of the live system, faces by size, and the timing of videos."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
