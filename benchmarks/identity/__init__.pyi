from .behavior import behavior_versions, library_versions, plain_parameters
from .cells import IDENTITY, identify
from .members import member_names, recorded_checksum, shipped_as, shipped_names, weights_checksum
from .staleness import COMPLETE, INCOMPLETE, STALE, UNCHECKED, Standing, changes, standing_of, standings

__all__ = [
    "COMPLETE",
    "IDENTITY",
    "INCOMPLETE",
    "STALE",
    "UNCHECKED",
    "Standing",
    "behavior_versions",
    "changes",
    "identify",
    "library_versions",
    "member_names",
    "plain_parameters",
    "recorded_checksum",
    "shipped_as",
    "shipped_names",
    "standing_of",
    "standings",
    "weights_checksum",
]
