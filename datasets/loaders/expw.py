"""ExpW: photographs with one line for each face in ``label.lst``; the faces are cut out.

Lines are ``image_name face_id top left right bottom confidence label``: :data:`SOURCES`.
"""

from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.base import Problems
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, open_placed

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
CODES = {str(code): label for code, label in enumerate(LABELS)}
_LIST = "label.lst"


def _place(files: ImageFiles, problems: Problems) -> list[Entry]:
    lists = [name for name in files.others if name.rpartition("/")[2] == _LIST]
    if not lists:
        raise ValueError(f"{problems.source}: no {_LIST}; expected it beside the images")
    by_name = {path.rpartition("/")[2]: path for path in files.paths}
    rows = []
    for number, line in enumerate(files.text(lists[0]).splitlines(), start=1):
        if not line.strip():
            continue
        words = line.split()
        if len(words) != 8 or not all(word.lstrip("-").isdecimal() for word in words[1:6]):
            raise ValueError(f"{problems.source}: {_LIST}, line {number}: expected eight fields; got {line[:60]!r}")
        top, left, right, bottom = (int(word) for word in words[2:6])
        path = by_name.get(words[0], "")
        entry = Entry(path or words[0], words[7], "", box=(left, top, right, bottom), id=f"{path}#{words[1]}")
        rows.append((entry, "" if path else f"in {_LIST}, but there is no such image"))
    return keep_entries(rows, files.labels, problems)


def _open(path: Path, mapping: Mapping[str, str] | None) -> ImageFiles:
    return open_placed(path, "expw", _place, mapping, CODES)


SOURCES = (
    "github.com/HazyResearch/meerkat: meerkat/datasets/expw/__init__.py",
    "github.com/wtomin/Multitask-Emotion-Recognition-with-Incomplete-Labels: "
    "create_annotation_file/ExpW/create_annotations.py",
)
REGISTERED = {
    "expw": Layout(
        "expw",
        "ExpW",
        "Zhang, Luo, Loy and Tang (2018), mmlab.ie.cuhk.edu.hk",
        "non-commercial research",
        SOURCES,
        _open,
    )
}
