"""Helpers that several folders use: files, parameters, images, key points, plug-ins and signals."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
