"""Face data: loaders, splits, the built-in drawn faces and the data audit."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
