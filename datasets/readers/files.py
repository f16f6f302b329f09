"""Read labeled image files from a folder or from a zip without unpacking it."""

import hashlib
import mmap
import os
import struct
import zipfile
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ferbench.datasets.base import Batch, LabelReader, Problems
from ferbench.datasets.readers.entries import Entry, cut_out, place_by_folder
from ferbench.utils import usable_cores
from ferbench.utils.pictures import IMAGE_SUFFIXES, MAX_FILE_BYTES, Decoded, decode

_ROWS_PER_TASK = 256


class ImageFiles:
    """Base class of image sources: decodes files in a thread pool; subclasses read the bytes."""

    def __init__(
        self, path: Path, paths: Sequence[str], others: Sequence[str] = (), *, images_needed: bool = True
    ) -> None:
        self.path = path
        self.others = sorted(others)
        self.labels = LabelReader()
        self.place: Callable[[ImageFiles, Problems], list[Entry]] = _by_folder
        self.layout = ""
        self.notes: list[str] = []
        self.name = path.stem if path.is_file() else _folder_name(path.resolve())
        self.paths = sorted(path for path in paths if _is_image(path))
        if not self.paths and images_needed:
            raise ValueError(
                f"{path}: no images found; expected <label>/… or <split>/<label>/…, such as train/happy/1.jpg"
            )

    def __len__(self) -> int:
        return len(self.paths)

    def fingerprint(self) -> str:
        """Key of the content, cheap enough to compute at each load."""
        raise NotImplementedError

    def read(self, path: str) -> bytes:
        """Return the bytes of one file."""
        raise NotImplementedError

    def text(self, path: str) -> str:
        """Content of a text file."""
        return self.read(path).decode("utf-8-sig", errors="replace")

    def reading(self) -> str:
        """What of the reading changes the rows: the layout and the mapping of labels; empty for a plain folder."""
        return f"\n{self.layout} {sorted(self.labels.mapping.items())}" if self.layout or self.labels.mapping else ""

    def batches(self, size: int, problems: Problems) -> Iterator[Batch]:
        """Decode all files in order of their paths."""
        entries = self.place(self, problems)
        problems.notes.extend(self.labels.notes())
        tasks = [entries[start : start + _ROWS_PER_TASK] for start in range(0, len(entries), _ROWS_PER_TASK)]
        workers = usable_cores()
        with ThreadPoolExecutor(workers) as pool:
            waiting: deque[tuple[Sequence[Entry], Future[list[Decoded | str]]]] = deque()
            try:
                for task in tasks:
                    waiting.append((task, pool.submit(self._decode, task, size)))
                    if len(waiting) > 4 * workers:
                        yield _gather(*waiting.popleft(), size, problems)
                while waiting:
                    yield _gather(*waiting.popleft(), size, problems)
            finally:
                pool.shutdown(cancel_futures=True)

    def _decode(self, entries: Sequence[Entry], size: int) -> list[Decoded | str]:
        return [self._decode_one(entry, size) for entry in entries]

    def _decode_one(self, entry: Entry, size: int) -> Decoded | str:
        try:
            data = self.read(entry.path)
            return decode(data, size) if entry.box is None else cut_out(data, entry.box, size)
        except (ValueError, OSError) as error:
            return str(error)


class FolderSource(ImageFiles):
    """Source for a folder of labeled images."""

    def __init__(self, path: Path, *, images_needed: bool = True) -> None:
        self._stats: dict[str, tuple[int, int]] = {}
        self._visited: set[Path] = set()
        self._walk(path, "")
        images = [name for name in self._stats if _is_image(name)]
        super().__init__(
            path, images, [name for name in self._stats if not _is_image(name)], images_needed=images_needed
        )
        self.notes = left_out(self.others)

    def fingerprint(self) -> str:
        """Return the SHA-256 of names, sizes and modification times."""
        digest = hashlib.sha256(b"folder")
        for path in (*self.paths, *(self.others if self.layout else ())):
            digest.update(f"{path}\0{self._stats[path]}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest() + self.reading()

    def read(self, path: str) -> bytes:
        """Return the bytes of one file."""
        if self._stats[path][0] > MAX_FILE_BYTES:
            raise ValueError(f"expected an image of at most {MAX_FILE_BYTES:,} bytes; got {self._stats[path][0]:,}")
        return (self.path / path).read_bytes()

    def _walk(self, folder: Path, prefix: str) -> None:
        place = folder.resolve()
        if place in self._visited:  # a link to a parent folder would cause an endless loop
            return
        self._visited.add(place)
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    self._walk(Path(entry.path), f"{prefix}{entry.name}/")
                else:
                    self._stats[prefix + entry.name] = _size_and_time(entry)


class ZipSource(ImageFiles):
    """Source for a zip of labeled images, read without unpacking."""

    def __init__(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                self._infos = {_unix(info.filename): info for info in archive.infolist() if info.filename[-1:] != "/"}
        except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError) as error:
            raise ValueError(f"{path}: not a zip, or a damaged one ({error}); download it again") from None
        super().__init__(path, list(self._infos), [name for name in self._infos if not _is_image(name)])
        self.notes = left_out(self.others)
        # Slices of a memory map need no lock, whereas `ZipFile.read` would serialize the threads.
        with path.open("rb") as file:
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def fingerprint(self) -> str:
        """Return the SHA-256 of names, sizes and CRCs in the central directory."""
        digest = hashlib.sha256(b"zip")
        for path in (*self.paths, *(self.others if self.layout else ())):
            info = self._infos[path]
            digest.update(f"{path}\0{info.file_size} {info.CRC}\n".encode("utf-8", "surrogateescape"))
        return digest.hexdigest() + self.reading()

    def read(self, path: str) -> bytes:
        """Return the bytes of one member, checked against its CRC and its size in the directory."""
        info = self._infos[path]
        if info.file_size > MAX_FILE_BYTES:
            raise ValueError(f"expected an image of at most {MAX_FILE_BYTES:,} bytes; got {info.file_size:,}")
        if info.flag_bits & 0x1:
            raise ValueError("the file is encrypted; unpack the zip and give the folder")
        data = self._unpack(info)
        if len(data) != info.file_size or zlib.crc32(data) != info.CRC:
            raise ValueError("damaged in the zip: its content does not match its checksum; download the zip again")
        return data

    def _unpack(self, info: zipfile.ZipInfo) -> bytes:
        head = self._bytes[info.header_offset : info.header_offset + 30]
        if len(head) != 30 or head[:4] != b"PK\3\4":
            raise ValueError("damaged in the zip: its header is missing; download the zip again")
        start = info.header_offset + 30 + sum(struct.unpack("<HH", head[26:30]))
        packed = self._bytes[start : start + info.compress_size]
        if info.compress_type == zipfile.ZIP_STORED:
            return packed
        if info.compress_type != zipfile.ZIP_DEFLATED:
            raise ValueError("packed by a method other than deflate; unpack the zip and give the folder")
        try:
            return zlib.decompressobj(-15).decompress(packed, info.file_size + 1)
        except zlib.error as error:
            raise ValueError(f"damaged in the zip: {error}; download the zip again") from None


def _gather(entries: Sequence[Entry], results: Future[list[Decoded | str]], size: int, problems: Problems) -> Batch:
    good: list[tuple[Entry, Decoded]] = []
    for entry, result in zip(entries, results.result(), strict=True):
        if isinstance(result, str):
            problems.skip(entry.path, result)
        else:
            good.append((entry, result))
    return Batch(
        ids=[entry.id or entry.path for entry, _ in good],
        labels=[entry.label for entry, _ in good],
        parts=[entry.part for entry, _ in good],
        images=np.array([row.image for _, row in good], np.uint8).reshape(-1, size, size),
        shapes=np.array([(row.width, row.height) for _, row in good], np.int32).reshape(-1, 2),
        people=[entry.person for entry, _ in good],
        sequences=[entry.sequence for entry, _ in good],
    )


def _by_folder(files: ImageFiles, problems: Problems) -> list[Entry]:
    return place_by_folder(files.paths, files.labels, problems)


def _unix(name: str) -> str:
    """Return the name of a zip member with forward slashes; zips from Windows may have backslashes."""
    return name if "/" in name else name.replace("\\", "/")


def _kind(path: str) -> str:
    """Return the category under which a file that is not an image is counted."""
    name = path.rpartition("/")[2]
    if not name:
        return "without a name"
    ending = name[name.rfind(".") :].lower() if "." in name[1:] else ""
    return f"hidden {ending}".strip() if _is_hidden(path) else ending or "without an ending"


def left_out(paths: Sequence[str]) -> list[str]:
    """How many files that are no images were left out, by kind."""
    if not (others := Counter(map(_kind, paths))):
        return []
    kinds = ", ".join(
        f"{count:,} {kind}" for kind, count in sorted(others.items(), key=lambda item: (-item[1], item[0]))
    )
    return [f"{others.total():,} files that are no images were left out: {kinds}."]


def _is_hidden(path: str) -> bool:
    return path[:1] == "." or "/." in path or path.startswith("__MACOSX/")


def _folder_name(path: Path) -> str:
    # kagglehub unpacks to …/fer2013/versions/1
    return path.parent.parent.name if path.parent.name == "versions" else path.name


def _size_and_time(entry: "os.DirEntry[str]") -> tuple[int, int]:
    try:
        stat = entry.stat()
    except OSError:  # a broken link: reading it raises an error with its name
        return 0, 0
    return stat.st_size, stat.st_mtime_ns


def _is_image(path: str) -> bool:
    # Plain string operations, because this runs for tens of thousands of paths at each load.
    return not _is_hidden(path) and path[path.rfind(".") :].lower() in IMAGE_SUFFIXES
