"""RAF-DB, compound: eleven mixtures such as ``happily surprised``; unverified.

The layout mirrors that of the basic part (``compound/EmoLabel``, ``compound/Image/aligned``). The order of the codes
is recalled from the data set's description and was not found in a second source.
"""

from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.loaders.rafdb import place_listed
from ferbench.datasets.readers import ImageFiles, Layout, open_placed

LABELS = (
    "happily surprised",
    "happily disgusted",
    "sadly fearful",
    "sadly angry",
    "sadly surprised",
    "sadly disgusted",
    "fearfully angry",
    "fearfully surprised",
    "angrily surprised",
    "angrily disgusted",
    "disgustedly surprised",
)
CODES = {str(code): label for code, label in enumerate(LABELS, start=1)}


def _open(path: Path, mapping: Mapping[str, str] | None) -> ImageFiles:
    return open_placed(path, "rafdbcompound", place_listed, mapping, CODES)


REGISTERED = {
    "rafdbcompound": Layout(
        "rafdbcompound",
        "RAF-DB (compound)",
        "Li, Deng and Du (2017), whdeng.cn/RAF",
        "non-commercial research, on request",
        False,
        _open,
    )
}
