from .contract import Contract, read_contract
from .files import checksum_of, foreign_kind, foreign_path, load_contract, pinned
from .model import ForeignModel
from .network import ForeignNetwork

__all__ = [
    "Contract",
    "ForeignModel",
    "ForeignNetwork",
    "checksum_of",
    "foreign_kind",
    "foreign_path",
    "load_contract",
    "pinned",
    "read_contract",
]
