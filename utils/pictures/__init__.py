"""The one reader of images and the one guard before it: files, folders, standard input and URLs."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
