"""Tables of measurements: reading record folders, and writing CSV, Markdown, text and drawings."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
