"""``ferbench train``, and the measurements of int8 networks and of fine-tuning."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
