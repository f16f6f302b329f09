"""RAVDESS: clips of 24 actors, ``Actor_01/01-01-06-01-02-01-12.mp4``.

The name holds modality, channel, emotion, intensity, statement, repetition and actor: :data:`SOURCES`.
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

CODES = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fear",
    "07": "disgust",
    "08": "surprise",
}
_NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)\.\w+")


def _open(path: Path, mapping: Mapping[str, str] | None, frames: object = 3) -> ClipFiles:
    count = check_frames(frames)
    files = ClipFiles(path, (".mp4", ".avi"), mapping, CODES)

    def place(_: ImageFiles, problems: Problems) -> list[Entry]:
        rows = []
        for clip, match in match_names(files.clips, _NAME):
            if match is None:
                rows.append((Entry(clip, "", ""), "the name does not fit, such as 01-01-06-01-02-01-12.mp4"))
            elif match[1] == "03":
                rows.append((Entry(clip, "", ""), "sound without a picture"))
            elif match[1] == "02" and match[0].replace("02-", "01-", 1) in names:
                rows.append((Entry(clip, "", ""), "the same take without sound"))
            else:
                entry = Entry(clip, match[3], "", person=f"Actor_{match[7]}", sequence=match[0][3:].rpartition(".")[0])
                rows += [(row, "") for row in frame_entries(entry, count)]
        return keep_entries(rows, files.labels, problems)

    names = {clip.rpartition("/")[2] for clip in files.clips}
    files.layout, files.place = f"ravdess {count}", place
    return files


SOURCES = (
    "pmc.ncbi.nlm.nih.gov/articles/PMC7927770: Table 3",
    "github.com/gphuang/multimodal-emotion-recognition-ravdess: ravdess_preprocessing",
)
REGISTERED = {
    "ravdess": Layout(
        "ravdess", "RAVDESS", "Livingstone and Russo (2018), Zenodo", "CC BY-NC-SA 4.0", SOURCES, _open, ("frames",)
    )
}
