"""Read labeled image files: what folders and archives share, and folders."""

import hashlib
import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from ferbench.datasets.base import Batch, LabelReader, Problems, SplitReader
from ferbench.datasets.readers.entries import Entry, cut_out, place_by_folder
from ferbench.utils import usable_cores
from ferbench.utils.pictures import IMAGE_SUFFIXES, MAX_FILE_BYTES, Decoded, decode, read_bytes

_ROWS_PER_TASK = 256


class ImageFiles:
    """Base class of image sources: decodes files in a thread pool; subclasses read the bytes."""

    def __init__(
        self, path: Path, paths: Sequence[str], others: Sequence[str] = (), *, images_needed: bool = True
    ) -> None:
        self.path = path
        self.others = sorted(others)
        self.labels, self.splits = LabelReader(), SplitReader()
        self.place: Callable[[ImageFiles, Problems], list[Entry]] = _by_folder
        self.layout = ""
        self.notes: list[str] = []
        self.name = path.stem if path.is_file() else _folder_name(path.resolve())
        self.paths = sorted(path for path in paths if is_image_name(path))
        if not self.paths and images_needed:
            raise ValueError(
                f"{path}: no images found; expected <label>/… or <split>/<label>/…, such as train/happy/1.jpg"
            )

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def fer2013(self) -> bool:
        """Whether the rows read so far have FER2013's own test split."""
        return self.splits.fer2013

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
        """What of the reading changes the rows: layout, labels, names of splits; empty for a plain folder."""
        names = f" {sorted(self.splits.names.items())}" if self.splits.names else ""
        changed = self.layout or self.labels.mapping or names
        return f"\n{self.layout} {sorted(self.labels.mapping.items())}{names}" if changed else ""

    def batches(self, size: int, problems: Problems) -> Iterator[Batch]:
        """Decode all files in order of their paths."""
        entries = self.place(self, problems)
        problems.notes.extend([*self.labels.notes(), *self.splits.notes()])
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
        images = [name for name in self._stats if is_image_name(name)]
        super().__init__(
            path, images, [name for name in self._stats if not is_image_name(name)], images_needed=images_needed
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
        return read_regular(self.path / path)

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


def read_regular(file: Path) -> bytes:
    """Return the bytes of an image file; named pipes, devices and endless files are refused, without their name."""
    try:
        return read_bytes(file, MAX_FILE_BYTES)
    except ValueError as error:
        raise ValueError(str(error).removeprefix(f"{file}: ")) from None


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
        attributes=[entry.attributes for entry, _ in good],
    )


def _by_folder(files: ImageFiles, problems: Problems) -> list[Entry]:
    return place_by_folder(files.paths, files.labels, problems, files.splits)


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


def is_image_name(path: str) -> bool:
    """Whether a path has the ending of an image and is not hidden."""
    # Plain string operations, because this runs for tens of thousands of paths at each load.
    return not _is_hidden(path) and path[path.rfind(".") :].lower() in IMAGE_SUFFIXES
