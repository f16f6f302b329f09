"""CREMA-D: clips of 91 actors, ``VideoFlash/1001_DFA_ANG_XX.flv``.

The name holds actor, sentence, emotion and level: :data:`SOURCES`.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from ferbench.datasets.base import Problems
from ferbench.datasets.readers import (
    ClipFiles,
    Entry,
    ImageFiles,
    Layout,
    check_frames,
    frame_entries,
    keep_entries,
    match_names,
)

CODES = {"ang": "angry", "dis": "disgust", "fea": "fear", "hap": "happy", "neu": "neutral", "sad": "sad"}
_NAME = re.compile(r"(\d{4})_(\w{3})_(ANG|DIS|FEA|HAP|NEU|SAD)_(\w{2})\.\w+", re.IGNORECASE)


def _open(path: Path, mapping: Mapping[str, str] | None, frames: object = 3) -> ClipFiles:
    count = check_frames(frames)
    files = ClipFiles(path, (".flv", ".mp4", ".avi"), mapping, CODES)

    def place(_: ImageFiles, problems: Problems) -> list[Entry]:
        rows = []
        for clip, match in match_names(files.clips, _NAME):
            if match is None:
                rows.append((Entry(clip, "", ""), "the name does not fit, such as 1001_DFA_ANG_XX.flv"))
            else:
                entry = Entry(clip, match[3], "", person=match[1], sequence=match[0].rpartition(".")[0])
                rows += [(row, "") for row in frame_entries(entry, count)]
        return keep_entries(rows, files.labels, problems)

    files.layout, files.place = f"cremad {count}", place
    return files


SOURCES = (
    "github.com/CheyneyComputerScience/CREMA-D: VideoFlash",
    "github.com/tensorflow/datasets: tensorflow_datasets/audio/crema_d.py (parts of the names)",
)
REGISTERED = {
    "cremad": Layout(
        "cremad",
        "CREMA-D",
        "Cao, Cooper, Keutmann, Gur, Nenkova and Verma (2014), github.com/CheyneyComputerScience/CREMA-D",
        "Open Database License (ODbL)",
        SOURCES,
        _open,
        ("frames",),
    )
}
