"""Use networks trained elsewhere: ONNX, Keras and TorchScript files with a contract of their input and output."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
