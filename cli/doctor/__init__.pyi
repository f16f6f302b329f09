from .check import Check
from .command import register
from .diagnosis import diagnose

__all__ = ["Check", "diagnose", "register"]
