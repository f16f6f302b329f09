from .retiming import Retiming
from .turns import ROUNDS

__all__ = ["ROUNDS", "Retiming"]
