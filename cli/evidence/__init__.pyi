from .commands import register
from .noise import register_noise

__all__ = ["register", "register_noise"]
