from .explain import register_explain
from .stress import register_stress

__all__ = ["register_explain", "register_stress"]
