"""Oulu-CASIA: 80 people, six expressions, sequences of frames that begin at rest.

``OriginalImg/VL/Strong/P001/Anger/000.jpeg``: camera (VL, NI), light (Strong, Weak, Dark), person, expression, frame.
Unverified: :data:`SOURCES` does not describe the folders above the person. The last three frames carry the label.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.base import Problems
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, open_placed

LAST = 3


def _place(files: ImageFiles, problems: Problems) -> list[Entry]:
    sequences: dict[tuple[str, ...], list[str]] = defaultdict(list)
    rows = []
    for path in files.paths:
        parts = tuple(path.split("/")[:-1])[-4:]
        if len(parts) == 4 and parts[2][:1] == "P" and parts[2][1:].isdecimal():
            sequences[parts].append(path)
        else:
            rows.append((Entry(path, "", ""), "not below camera/light/person/expression"))
    for (camera, light, person, label), paths in sequences.items():
        other = "" if (camera, light) == ("VL", "Strong") else "another camera or light than VL/Strong"
        for number, path in enumerate(sorted(paths)):
            early = "" if number >= len(paths) - LAST else f"before the last {LAST} frames of a sequence"
            rows.append((Entry(path, label, "", person, f"{person}_{label}"), other or early))
    return keep_entries(sorted(rows), files.labels, problems)


def _open(path: Path, mapping: Mapping[str, str] | None) -> ImageFiles:
    return open_placed(path, "oulucasia", _place, mapping)


SOURCES = ("github.com/HuiDingUMD/ExprGAN: issue 5 (person, expression and frame)",)
REGISTERED = {
    "oulucasia": Layout(
        "oulucasia",
        "Oulu-CASIA",
        "Zhao, Huang, Taini, Li and Pietikainen (2011), University of Oulu",
        "non-commercial research, on request",
        SOURCES,
        _open,
    )
}
