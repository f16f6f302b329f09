"""KDEF: 70 people photographed twice from five angles, file names such as ``AF01ANFL.JPG``.

The name holds session (A, B), sex (F, M), number, expression and angle (FL, HL, S, HR, FR); the sessions A and B
of one number are one person: :data:`SOURCES`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.base import Problems
from ferbench.datasets.readers import Entry, ImageFiles, Layout, keep_entries, match_names, open_placed

CODES = {
    "af": "fear",
    "an": "angry",
    "di": "disgust",
    "ha": "happy",
    "ne": "neutral",
    "sa": "sad",
    "su": "surprise",
}
ANGLES = ("FL", "HL", "S", "HR", "FR")
_NAME = re.compile(r"[AB]([FM]\d\d)(AF|AN|DI|HA|NE|SA|SU)(FL|HL|S|HR|FR)\.\w+", re.IGNORECASE)


def _open(path: Path, mapping: Mapping[str, str] | None, angles: object = "S") -> ImageFiles:
    wanted = angles.split("+") if isinstance(angles, str) else list(angles) if isinstance(angles, list | tuple) else []
    if not wanted or not set(wanted) <= set(ANGLES):
        raise ValueError(f"angles must name some of {', '.join(ANGLES)}, such as 'S' or 'HL+S+HR'; got {angles!r}")

    def place(files: ImageFiles, problems: Problems) -> list[Entry]:
        rows = []
        for name, match in match_names(files.paths, _NAME):
            if match is None:
                rows.append((Entry(name, "", ""), "the name does not fit, such as AF01ANFL.JPG"))
            else:
                other = "" if match[3].upper() in wanted else f"an angle other than {'+'.join(wanted)}"
                rows.append((Entry(name, match[2], "", person=match[1].upper()), other))
        return keep_entries(rows, files.labels, problems)

    return open_placed(path, f"kdef {sorted(wanted)}", place, mapping, CODES)


SOURCES = (
    "github.com/OanaTudu/EmotionProject2: README.md (KDEF's own description)",
    "github.com/oisab/KDEF-emotion-recognition: copy_sort_rename.sh",
    "github.com/jerry520-1/Kdef_Emotion_Classification: dataset_process.py",
)
REGISTERED = {
    "kdef": Layout(
        "kdef",
        "KDEF",
        "Lundqvist, Flykt and Oehman (1998), Karolinska Institutet",
        "non-commercial research, free on request",
        SOURCES,
        _open,
        ("angles",),
    )
}
