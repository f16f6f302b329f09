from .limits import CGROUPS, control_groups, memory_limit, read_or_empty, usable_memory
from .maps import read_rows, row_blocks, update_digest

__all__ = [
    "CGROUPS",
    "control_groups",
    "memory_limit",
    "read_or_empty",
    "read_rows",
    "row_blocks",
    "update_digest",
    "usable_memory",
]
