"""JAFFE: ten women, seven expressions, file names such as ``KA.AN1.39.tiff``.

The name holds person, label and number, and index: :data:`SOURCES`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.base import Problems
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, match_names, open_placed

CODES = {
    "an": "angry",
    "di": "disgust",
    "fe": "fear",
    "ha": "happy",
    "ne": "neutral",
    "sa": "sad",
    "su": "surprise",
}
_NAME = re.compile(r"([A-Z]{2})\.([A-Z]{2})\d+\.\d+\.\w+", re.IGNORECASE)


def _place(files: ImageFiles, problems: Problems) -> list[Entry]:
    rows = [
        (Entry(path, match[2], "", person=match[1].upper()), "")
        if match
        else (Entry(path, "", ""), "the name does not fit, such as KA.AN1.39.tiff")
        for path, match in match_names(files.paths, _NAME)
    ]
    return keep_entries(rows, files.labels, problems)


def _open(path: Path, mapping: Mapping[str, str] | None) -> ImageFiles:
    return open_placed(path, "jaffe", _place, mapping, CODES)


SOURCES = (
    "github.com/shengshuyang/JAFFE-Feature: jaffe_feature/all_names.txt",
    "github.com/farzadips/JAFFE-Facial-and-Emotion-Recognition: ImageLoader.py",
)
REGISTERED = {
    "jaffe": Layout(
        "jaffe",
        "JAFFE",
        "Lyons, Kamachi and Gyoba (1998), Zenodo",
        "non-commercial research, no faces republished",
        SOURCES,
        _open,
    )
}
