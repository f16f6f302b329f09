"""The memory that this process may use, and memory maps that do not stay in it."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
