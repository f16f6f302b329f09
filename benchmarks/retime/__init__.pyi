from .retiming import ROUNDS, Retiming

__all__ = ["ROUNDS", "Retiming"]
