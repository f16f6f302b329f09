"""RAF-DB, basic: aligned faces with a list of labels, or the folders 1 to 7 of its copies.

``basic/EmoLabel/list_patition_label.txt`` has lines ``train_00001.jpg 5`` and the images are
``basic/Image/aligned/train_00001_aligned.jpg``: :data:`SOURCES`. Copies have ``DATASET/train/1..7``.
"""

from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.base import Problems, canonical_split
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, open_placed

LABELS = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")
CODES = {str(code): label for code, label in enumerate(LABELS, start=1)}
_LIST = "list_patition_label.txt"


def place_listed(files: ImageFiles, problems: Problems) -> list[Entry]:
    """Entries of a list of labels; without one, of folders that are codes."""
    lists = [name for name in files.others if name.rpartition("/")[2] == _LIST]
    if not lists:
        return keep_entries([_by_folder(path) for path in files.paths], files.labels, problems)
    codes = dict(line.split()[:2] for line in files.text(lists[0]).splitlines() if len(line.split()) > 1)
    rows = []
    for path in files.paths:
        name = path.rpartition("/")[2].replace("_aligned", "")
        if "original" in path.casefold().split("/"):
            rows.append((Entry(path, "", ""), "the original beside its aligned face"))
        elif name not in codes:
            rows.append((Entry(path, "", ""), f"not in {_LIST}"))
        else:
            rows.append((Entry(path, codes[name], canonical_split(name.partition("_")[0]) or ""), ""))
    return keep_entries(rows, files.labels, problems)


def _by_folder(path: str) -> tuple[Entry, str]:
    parts = path.split("/")[:-1]
    split = next((found for name in reversed(parts) if (found := canonical_split(name))), "")
    reason = "" if parts and parts[-1].isdecimal() else "in no folder that is a code 1 to 7"
    return Entry(path, parts[-1] if parts else "", split), reason


def _open(path: Path, mapping: Mapping[str, str] | None) -> ImageFiles:
    return open_placed(path, "rafdb", place_listed, mapping, CODES)


SOURCES = (
    "github.com/kaiwang960112/Self-Cure-Network: src/train.py",
    "github.com/HCPLab-SYSU/CD-FER-Benchmark: CADA/Utils.py",
    "github.com/ChineseYjh/RAF-DB-baselines: utils.py (codes)",
)
REGISTERED = {
    "rafdb": Layout(
        "rafdb",
        "RAF-DB (basic)",
        "Li, Deng and Du (2017), whdeng.cn/RAF",
        "non-commercial research, on request",
        SOURCES,
        _open,
    )
}
