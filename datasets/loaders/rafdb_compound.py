"""RAF-DB, compound: eleven mixtures such as ``happily surprised``; unverified.

The layout mirrors that of the basic part (``compound/EmoLabel``, ``compound/Image/aligned``): :data:`SOURCES` has the
list, with codes 1 to 11. What the codes mean is recalled from the data set's description.
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


SOURCES = ("github.com/secret-moctar/deep-learning-model-: EmoLabel/list_patition_label.txt and config.py",)
REGISTERED = {
    "rafdbcompound": Layout(
        "rafdbcompound",
        "RAF-DB (compound)",
        "Li, Deng and Du (2017), whdeng.cn/RAF",
        "non-commercial research, on request",
        SOURCES,
        _open,
    )
}
