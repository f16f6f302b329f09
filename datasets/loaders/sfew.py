"""SFEW: stills of films in ``Train/Angry … Surprise`` and ``Val/…``; reported on Val.

The layout is that of :data:`SOURCES`. The labels of the test set are not public: its images are left out.
"""

from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.base import Problems, canonical_label, canonical_split
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, open_placed


def _place(files: ImageFiles, problems: Problems) -> list[Entry]:
    rows = []
    for path in files.paths:
        parts = path.split("/")[:-1]
        split = next((found for name in parts if (found := canonical_split(name))), "")
        label = next((name for name in reversed(parts) if canonical_label(name)), "")
        reason = "" if label and split in ("train", "validation") else "not in Train/<label> or Val/<label>"
        rows.append((Entry(path, label, split), reason))
    return keep_entries(rows, files.labels, problems)


def _open(path: Path, mapping: Mapping[str, str] | None) -> ImageFiles:
    return open_placed(path, "sfew", _place, mapping)


SOURCES = (
    "github.com/Caterina1996/SFEW_dataset: Train and Val",
    "github.com/HCPLab-SYSU/CD-FER-Benchmark: CADA/Utils.py",
)
REGISTERED = {
    "sfew": Layout(
        "sfew",
        "SFEW 2.0",
        "Dhall, Goecke, Lucey and Gedeon (2011)",
        "non-commercial research, on request",
        SOURCES,
        _open,
    )
}
