from .kept import KeptProcess
from .peer import Peer
from .process import PeerProcess, clip_command, pinned_release
from .registry import (
    Adapter,
    check_interpreter,
    get_adapter,
    interpreter_of,
    known_adapters,
    named_interpreters,
    parse_peers,
    peer_name,
    set_interpreters,
)

__all__ = [
    "Adapter",
    "KeptProcess",
    "Peer",
    "PeerProcess",
    "check_interpreter",
    "clip_command",
    "get_adapter",
    "interpreter_of",
    "known_adapters",
    "named_interpreters",
    "parse_peers",
    "peer_name",
    "pinned_release",
    "set_interpreters",
]
