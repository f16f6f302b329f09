"""Convert errors of archive libraries into one clear ValueError."""

import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

_DAMAGED = (zipfile.BadZipFile, zlib.error, tarfile.TarError, gzip.BadGzipFile, lzma.LZMAError, EOFError, struct.error)


@contextmanager
def readable(origin: str) -> Iterator[None]:
    """Convert errors of zip, gzip and tar inside the block into a ValueError.

    Raises
    ------
    ValueError
        If the archive is damaged, encrypted, or packed with a method that Python does not support. The message names
        `origin`.
    """
    try:
        yield
    except NotImplementedError:
        raise ValueError(f"{origin}: packed by a method other than deflate; unpack it and give what is in it") from None
    except _DAMAGED as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{origin}: damaged ({reason}); download it again") from None
    except RuntimeError as error:
        if "encrypted" not in str(error) and "password" not in str(error):
            raise
        raise ValueError(f"{origin}: encrypted; unpack it and give what is in it") from None
