"""AffectNet: numbered images with one ``.npy`` of text for each annotation.

``train_set/images/N.jpg``, ``train_set/annotations/N_exp.npy``, and ``val_set`` alike: :data:`SOURCES`. The validation
set is the test of the literature.
"""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ferbench.datasets.base import Problems, canonical_split
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, open_placed

LABELS = ("neutral", "happy", "sad", "surprise", "fear", "disgust", "angry", "contempt")
CODES = {str(code): label for code, label in enumerate(LABELS)}


def _place(files: ImageFiles, problems: Problems) -> list[Entry]:
    annotations = {name for name in files.others if name.endswith("_exp.npy")}
    rows = []
    for path in files.paths:
        folder, _, name = path.rpartition("/")
        top = folder.rpartition("/")[0]
        annotation = f"{top}/annotations/{name.rpartition('.')[0]}_exp.npy".lstrip("/")
        if annotation not in annotations:
            rows.append((Entry(path, "", ""), "no annotation N_exp.npy beside it"))
            continue
        code = _code(files.read(annotation), annotation)
        part = canonical_split(top.rpartition("/")[2]) or ""
        rows.append((Entry(path, code, part), "" if code in CODES else f"the expression {code} is no emotion"))
    return keep_entries(rows, files.labels, problems)


def _code(data: bytes, name: str) -> str:
    try:
        return str(np.load(io.BytesIO(data), allow_pickle=False).item()).strip().removesuffix(".0")
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{name}: expected an array with one code 0 to 7; {error}") from None


def _open(path: Path, mapping: Mapping[str, str] | None) -> ImageFiles:
    return open_placed(path, "affectnet", _place, mapping, CODES)


SOURCES = (
    "github.com/ali-sedaghi/AffectNet-Trainer: create_dataset.py",
    "github.com/ClaudiaShu/EMO_AffectNet: AffectNet_create_csv.py",
    "github.com/hhj1897/AffectNet_Scripts: expression_classes.csv (codes)",
)
REGISTERED = {
    "affectnet": Layout(
        "affectnet",
        "AffectNet",
        "Mollahosseini, Hasani and Mahoor (2017), mohammadmahoor.com",
        "non-commercial research, on request",
        SOURCES,
        _open,
    )
}
