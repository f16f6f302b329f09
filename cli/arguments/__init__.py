"""What several commands read alike: options as typed values, and the bundles that ``--model`` names."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
