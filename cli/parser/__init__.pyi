from .commands import GROUPS
from .completion import SHELLS, completion_script
from .completion_command import register
from .main_parser import MainParser, Parser
from .tree import Option, commands_of, options_of

__all__ = [
    "GROUPS",
    "SHELLS",
    "MainParser",
    "Option",
    "Parser",
    "commands_of",
    "completion_script",
    "options_of",
    "register",
]
