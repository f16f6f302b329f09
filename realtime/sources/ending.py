"""Detect truncated video files from the sizes in their container."""

from pathlib import Path


def is_cut_off(path: Path) -> bool | None:
    """Whether a file ends before its container does; None if unknown."""
    if not path.is_file():
        return None
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(12)
        if head[:4] == b"RIFF":
            return int.from_bytes(head[4:8], "little") + 8 > size
        if head[4:8] != b"ftyp":
            return None
        place = 0
        while place + 8 <= size:
            stream.seek(place)
            box = stream.read(16)
            length = int.from_bytes(box[:4], "big")
            if length == 1:
                length = int.from_bytes(box[8:16], "big")
            if length == 0:
                # This box extends to the end of the file.
                return None
            if length < 8:
                return None
            place += length
    return place > size
