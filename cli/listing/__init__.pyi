from .command import KINDS, register
from .part import Part

__all__ = ["KINDS", "Part", "register"]
