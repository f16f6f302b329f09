"""Find images whose label is probably wrong, and the ceiling that wrong labels put on accuracy."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
