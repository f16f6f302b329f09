"""Identity of a cell: what its record depends on, and whether that is still so."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
