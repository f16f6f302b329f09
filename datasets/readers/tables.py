"""Find and open a FER2013 CSV: a plain file, packed with gzip, or inside a folder, zip or tar."""

import gzip
import io
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from ferbench.datasets.base import readable
from ferbench.utils.pictures import IMAGE_SUFFIXES

TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_KNOWN = ("fer2013.csv", "fer2013.csv.gz", "icml_face_data.csv", "train.csv")


class TableFile(NamedTuple):
    """Location of a CSV: a file, or a member of a zip or tar."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """Name of the data set."""
        file = self.member or self.path.name
        return PurePosixPath(file.replace("\\", "/")).name.removesuffix(".gz").removesuffix(".csv")

    @property
    def origin(self) -> str:
        """Name of the table in messages."""
        return f"{self.path}/{self.member}" if self.member else str(self.path)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the table and yield its unpacked bytes.

        Raises
        ------
        ValueError
            If the archive is damaged, encrypted, or packed with a method that Python does not support.
        """
        with readable(self.origin), self._stored() as file:
            if not (self.member or self.path.name).lower().endswith(".gz"):
                yield file
                return
            with gzip.GzipFile(fileobj=file) as stream:
                yield stream  # type: ignore[misc]

    @contextmanager
    def _stored(self) -> Iterator[IO[bytes]]:
        if not self.member:
            with self.path.open("rb") as file:
                yield file
        elif zipfile.is_zipfile(self.path):
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as file:
                yield file
        else:
            with tarfile.open(self.path) as tar:
                yield tar.extractfile(self.member) or io.BytesIO()


def find_table(path: Path) -> TableFile | None:
    """Return the CSV at a path; None if the path contains images or no known file."""
    name = path.name.lower()
    if path.is_dir():
        return _in_folder(path)
    if not path.is_file():
        return None
    if name.endswith(TARS):
        return _in_tar(path)
    if name.endswith((".csv", ".gz")):
        return TableFile(path)
    if zipfile.is_zipfile(path):
        with readable(str(path)), zipfile.ZipFile(path) as archive:
            return _chosen(path, archive.namelist())
    return None


def _in_tar(path: Path) -> TableFile | None:
    names = []
    with readable(str(path)), tarfile.open(path) as archive:
        for member in archive:
            # A packed tar is unpacked as it is read, so the first image, which takes precedence, ends it.
            if member.isfile() and _is_visible_image(member.name):
                return None
            names += [member.name] if member.isfile() else []
    return _chosen(path, names)


def _in_folder(folder: Path) -> TableFile | None:
    """Return the table in the folder or one folder below; None if there are images, which take precedence."""
    inside = [item for item in folder.iterdir() if not item.name.startswith(".")]
    below = [item for sub in inside if sub.is_dir() for item in sub.iterdir()]
    deeper = any(item.is_dir() for item in below)
    files = [item for item in [*inside, *below] if item.is_file()]
    if deeper or any(item.suffix.lower() in IMAGE_SUFFIXES for item in files):
        return None
    names = [item.relative_to(folder).as_posix() for item in files]
    found = _chosen(folder, names)
    return None if found is None else TableFile(folder / found.member)


def _chosen(path: Path, names: Sequence[str]) -> TableFile | None:
    """Return the table among the files: by its name, or the only one; None if there are images."""
    if any(map(_is_visible_image, names)):
        return None
    visible = [name for name in names if _is_visible(name)]
    tables = {_last(name): name for name in reversed(visible) if name.lower().endswith((".csv", ".csv.gz"))}
    for known in _KNOWN:
        if known in tables:
            return TableFile(path, tables[known])
    return TableFile(path, next(iter(tables.values()))) if len(tables) == 1 else None


def _is_visible(name: str) -> bool:
    return not name.startswith("__MACOSX/") and "/." not in f"/{name}"


def _is_visible_image(name: str) -> bool:
    return _is_visible(name) and PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES


def _last(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].lower()
