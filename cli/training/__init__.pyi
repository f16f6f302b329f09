from .commands import register

__all__ = ["register"]
