from .peer import Peer, pinned_release
from .process import PeerProcess, clip_command
from .registry import Adapter, get_adapter, interpreter_of, known_adapters, parse_peers, peer_name, set_interpreters

__all__ = [
    "Adapter",
    "Peer",
    "PeerProcess",
    "clip_command",
    "get_adapter",
    "interpreter_of",
    "known_adapters",
    "parse_peers",
    "peer_name",
    "pinned_release",
    "set_interpreters",
]
