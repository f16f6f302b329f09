"""Use networks that were trained elsewhere: an ONNX or Keras file with a contract of its input and output."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
