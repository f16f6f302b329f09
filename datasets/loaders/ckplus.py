"""CK+: the 48-pixel folders, ``ckextended.csv``, and the original tree of sequences.

``CK+48/<label>/S010_004_00000017.png``, and the original ``cohn-kanade-images/S005/001/S005_001_00000011.png`` with
``Emotion/S005/001/S005_001_00000011_emotion.txt`` holding a code as ``3.0000000e+00``: :data:`SOURCES`. In the original
the last three frames of a sequence carry its label and the first is neutral. The codes of ``ckextended.csv`` were found
in one source; a mapping replaces them.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.base import LabelReader, Problems, Source
from ferbench.datasets.readers import (
    CK_NAME,
    CsvSource,
    Entry,
    ImageFiles,
    Layout,
    find_table,
    keep_entries,
    open_files,
    open_placed,
)

LABELS = ("neutral", "angry", "contempt", "disgust", "fear", "happy", "sad", "surprise")
CODES = {str(code): label for code, label in enumerate(LABELS)}
# Codes of ckextended.csv, in its own order.
CSV_CODES = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "contempt")
LAST = 3


def _place(files: ImageFiles, problems: Problems) -> list[Entry]:
    codes = _codes(files, problems)
    sequences: dict[str, list[str]] = defaultdict(list)
    rows = []
    for path in files.paths:
        match = CK_NAME.search(path)
        if match is None:
            rows.append((Entry(path, "", ""), "the name does not fit, such as S005_001_00000011.png"))
        else:
            sequences[f"{match[1]}_{match[2]}"].append(path)
    for name, paths in sequences.items():
        rows += _frames(sorted(paths), name, codes.get(name, ""))
    return keep_entries(sorted(rows), files.labels, problems)


def _frames(paths: list[str], name: str, code: str) -> list[tuple[Entry, str]]:
    person = name.partition("_")[0]
    rows = []
    for number, path in enumerate(paths):
        last = number >= len(paths) - LAST
        label = code if last else "0"
        reason = "" if last or number == 0 else f"neither the first nor one of the last {LAST} frames of a sequence"
        rows.append((Entry(path, label, "", person, name), reason if code else "its sequence has no label"))
    return rows


def _codes(files: ImageFiles, problems: Problems) -> dict[str, str]:
    codes = {}
    for name in files.others:
        if not name.endswith("_emotion.txt"):
            continue
        text = files.text(name).strip()
        try:
            codes["_".join(name.rpartition("/")[2].split("_")[:2])] = str(int(float(text)))
        except ValueError:
            raise ValueError(
                f"{problems.source}: {name}: expected a code such as 3.0000000e+00; got {text!r}"
            ) from None
    return codes


def _open(path: Path, mapping: Mapping[str, str] | None) -> Source:
    if (table := find_table(path)) is not None:
        source = CsvSource(table, mapping, CSV_CODES)
        source.layout = "ckplus csv"
        source.notes = ["The codes of this table were found in one source: compare the counts, or give a mapping."]
        return source
    files = open_placed(path, "ckplus", _place, mapping, CODES)
    if any(name.endswith("_emotion.txt") for name in files.others):
        return files
    plain = open_files(path)
    plain.labels, plain.layout = LabelReader(mapping), "ckplus 48"
    return plain


SOURCES = (
    "kerwin.cn/dl/11?query=CK (a copy of the data set's own description)",
    "github.com/mahakal/FacialEmotionRecognition: pickle_dataset.py (original files and codes)",
    "github.com/WuJie1010/Facial-Expression-Recognition.Pytorch: CK+48 (48-pixel folders)",
    "huggingface.co/datasets/AlirezaF138/ckplus-dataset (file names, codes of the table)",
)
REGISTERED = {
    "ckplus": Layout(
        "ckplus",
        "CK+",
        "Lucey, Cohn, Kanade, Saragih, Ambadar and Matthews (2010)",
        "research only, on request; faces of few subjects may be shown",
        SOURCES,
        _open,
    )
}
