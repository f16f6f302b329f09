"""Shared parts of the recognizers: base classes, calibration, label checks and parameter names."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
