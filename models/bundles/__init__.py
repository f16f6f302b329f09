"""Save, check and load recognizers as bundles, and find the bundles that ship with ferbench."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
