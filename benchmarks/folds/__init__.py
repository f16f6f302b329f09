"""Results of protocols: read the folds, resample people, draw learning curves, compare protocols."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
