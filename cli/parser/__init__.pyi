from .commands import GROUPS, Command, named_first
from .completion import SHELLS, completion_script
from .completion_command import register
from .main_parser import MainParser, Parser
from .tree import Option, commands_of, options_of
from .version import ShowVersion

__all__ = [
    "GROUPS",
    "SHELLS",
    "Command",
    "MainParser",
    "Option",
    "Parser",
    "ShowVersion",
    "commands_of",
    "completion_script",
    "named_first",
    "options_of",
    "register",
]
