from .deep import DeepExtractor
from .network import NetworkExtractor

__all__ = [
    "DeepExtractor",
    "NetworkExtractor",
]
