from .contract import Contract, read_contract
from .files import checksum_of, foreign_kind, foreign_path, load_contract
from .identity import pinned
from .model import ForeignModel
from .network import ForeignNetwork
from .script_network import ScriptNetwork
from .torchscript import TorchScriptModel
from .trust import trust_recipes, trusting

__all__ = [
    "Contract",
    "ForeignModel",
    "ForeignNetwork",
    "ScriptNetwork",
    "TorchScriptModel",
    "checksum_of",
    "foreign_kind",
    "foreign_path",
    "load_contract",
    "pinned",
    "read_contract",
    "trust_recipes",
    "trusting",
]
