"""Read folders of records, and write tables as CSV, Markdown and text, and plots."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
