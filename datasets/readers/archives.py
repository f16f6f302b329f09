"""Read labeled image files from a zip or a tar without unpacking it to files."""

import bz2
import gzip
import hashlib
import lzma
import mmap
import os
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ferbench.datasets.base import cache_dir, readable
from ferbench.datasets.readers.files import ImageFiles, is_image_name, left_out
from ferbench.utils import sha256_of
from ferbench.utils.pictures import MAX_FILE_BYTES

_UNPACK: tuple[tuple[bytes, Callable[..., Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)
# Images hardly shrink in an archive: one that grows beyond both is made to fill the disk.
MOST_BYTES, MOST_GROWTH = 2**30, 20
_PIECE = 2**20


class ZipSource(ImageFiles):
    """Source for a zip of labeled images, read without unpacking."""

    def __init__(self, path: Path) -> None:
        try:
            with zipfile.ZipFile(path) as archive:
                self._infos = {_unix(info.filename): info for info in archive.infolist() if info.filename[-1:] != "/"}
                if "" in self._infos:
                    raise ValueError("a file in it has no name")
        except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError) as error:
            raise ValueError(f"{path}: not a zip, or a damaged one ({error}); download it again") from None
        super().__init__(path, list(self._infos), [name for name in self._infos if not is_image_name(name)])
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


class TarSource(ImageFiles):
    """Source for a tar of labeled images, plain or packed with gzip, bzip2 or xz.

    A packed tar is unpacked into a file without a name in the cache folder, which the system removes by itself.
    """

    def __init__(self, path: Path) -> None:
        self._places: dict[str, tuple[int, int]] = {}
        odd = []
        with readable(str(path)), _plain_tar(path) as file:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for member in archive:
                    name = member.name.removeprefix("./")
                    if member.isreg() and not member.issparse() and name:
                        self._places[name] = (member.offset_data, member.size)
                    elif not member.isdir():
                        odd.append(name)
            self._bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        others = [name for name in self._places if not is_image_name(name)]
        super().__init__(path, list(self._places), others)
        self.name = path.name.partition(".tar")[0].removesuffix(".tgz")
        self.notes = left_out(others)
        if odd:
            self.notes.append(f"{len(odd):,} links or devices in the tar were left out, such as {odd[0]}.")

    def fingerprint(self) -> str:
        """Return the SHA-256 of the file."""
        return f"tar {sha256_of(self.path)}{self.reading()}"

    def read(self, path: str) -> bytes:
        """Return the bytes of one member."""
        start, size = self._places[path]
        if size > MAX_FILE_BYTES:
            raise ValueError(f"expected an image of at most {MAX_FILE_BYTES:,} bytes; got {size:,}")
        data = self._bytes[start : start + size]
        if len(data) != size:
            raise ValueError("the tar is cut off within this file; download it again")
        return data


def _plain_tar(path: Path) -> IO[bytes]:
    """Open a tar; a packed one is unpacked first."""
    file = path.open("rb")
    head = file.read(8)
    unpack = next((unpack for magic, unpack in _UNPACK if head.startswith(magic)), None)
    file.seek(0)
    if unpack is None:
        return file
    with file:
        return _unpacked(path, file, unpack)


def _unpacked(path: Path, file: IO[bytes], unpack: Callable[..., Any]) -> IO[bytes]:
    limit = max(MOST_BYTES, MOST_GROWTH * path.stat().st_size)
    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    plain = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (the caller closes it)
    try:
        with unpack(file) as stream:
            while piece := _read(stream):
                _write(plain, piece, path)
                if plain.tell() > limit:
                    raise ValueError(f"{path}: unpacks to more than {limit:,} bytes; unpack it and give the folder")
        plain.seek(0)
    except BaseException:
        plain.close()
        raise
    return plain


def _read(stream: IO[bytes]) -> bytes:
    try:
        return stream.read(_PIECE)
    except OSError as error:
        if error.errno is not None:
            raise
        raise tarfile.ReadError(str(error)) from error  # bz2 names damage in this way


def _write(plain: IO[bytes], piece: bytes, path: Path) -> None:
    try:
        plain.write(piece)
        plain.flush()
    except OSError as error:
        raise OSError(
            f"{path}: cannot be unpacked into {cache_dir()}: {os.strerror(error.errno or 0)}; set FERBENCH_CACHE to a "
            "folder with room"
        ) from error


def _unix(name: str) -> str:
    """Return the name of a zip member with forward slashes; zips from Windows may have backslashes."""
    return name if "/" in name else name.replace("\\", "/")
