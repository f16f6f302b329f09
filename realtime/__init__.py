"""Run recognizers on cameras, videos and images: sources, detectors, tracking, recognition and sinks."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
