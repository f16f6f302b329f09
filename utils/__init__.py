"""What two folders need and no library has: files, parameters, images, points, signals."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
