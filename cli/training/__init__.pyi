from .measure_int8 import register_int8
from .measure_transfer import register_transfer
from .train import register_train

__all__ = ["register_int8", "register_train", "register_transfer"]
