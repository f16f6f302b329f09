"""Read the bytes of an image from a file, standard input or a URL, with limits on size and time."""

import os
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ferbench.utils import kind_of
from ferbench.utils.pictures.decoding import decode, decode_color

STDIN = ("-", "/dev/stdin")
# File descriptors that a shell passes in place of a file for `<(command)`.
HANDED = ("/dev/fd/", "/proc/self/fd/")
# Longest time without data from a server, and longest time of a download, in seconds.
SILENCE_S, DEADLINE_S = 10.0, 60.0
_MAX_BYTES = 100 * 2**20


def read_image(source: str | Path) -> NDArray[np.uint8]:
    """Read an image file as blue-green-red pixels of shape (height, width, 3).

    Parameters
    ----------
    source : str or Path
        A file, or ``-`` or ``/dev/stdin`` for standard input.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If the source is not a file, is empty, damaged or not an image, or has more than 50 megapixels; the message
        names it.
    """
    try:
        return decode_color(read_bytes(source))
    except ValueError as error:
        raise _named(error, source) from None


def read_gray(source: str | Path, size: int) -> NDArray[np.uint8]:
    """Read an image file as a gray square of `size` x `size` pixels; errors are those of :func:`read_image`."""
    try:
        return decode(read_bytes(source), size).image
    except ValueError as error:
        raise _named(error, source) from None


def read_bytes(source: str | Path, max_bytes: int = _MAX_BYTES) -> bytes:
    """Read a file, standard input, or a URL if `source` is a string with a scheme.

    Named pipes, devices and sockets are refused, since reading them may never end.

    Raises
    ------
    OSError
        If the source cannot be read.
    ValueError
        If the source is not a file, or is larger than `max_bytes`; the message names it.
    """
    text = str(source)
    if is_url(source):
        return _fetch(text, max_bytes)
    if text in STDIN:
        return _bounded(sys.stdin.buffer, text, max_bytes)
    handed = text.startswith(HANDED)
    try:
        handle = os.open(source, os.O_RDONLY | (0 if handed else getattr(os, "O_NONBLOCK", 0)))
    except FileNotFoundError:
        what = "a link to a file that is not there" if Path(source).is_symlink() else "no such file"
        raise FileNotFoundError(f"{text}: {what}") from None
    except OSError as error:
        if Path(source).is_socket():
            raise ValueError(f"{text}: a socket, no image file") from None
        raise OSError(error.errno, error.strerror, text) from None
    mode = os.fstat(handle).st_mode
    kind = kind_of(mode)
    if kind is not None and not (handed and kind == "a named pipe"):
        os.close(handle)
        raise ValueError(f"{text}: {kind}, no image file")
    with os.fdopen(handle, "rb") as stream:
        return _bounded(stream, text, max_bytes)


def is_url(source: str | Path) -> bool:
    """Return whether a string is a URL."""
    return isinstance(source, str) and "://" in source and not Path(source).exists()


def _bounded(stream: IO[bytes], name: str, max_bytes: int) -> bytes:
    data = stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise ValueError(f"{name}: expected an image of at most {max_bytes:,} bytes; got more; make it smaller")
    return data


def _fetch(url: str, max_bytes: int) -> bytes:
    if not url.lower().startswith(("http://", "https://")):
        raise ValueError(f"{url}: expected a file, or an address that begins with http:// or https://")
    opener = urllib.request.OpenerDirector()
    kinds = (urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler)
    for kind in (*kinds, urllib.request.HTTPRedirectHandler, urllib.request.HTTPDefaultErrorHandler):
        opener.add_handler(kind())
    opener.add_handler(urllib.request.HTTPErrorProcessor())
    deadline, data = time.monotonic() + DEADLINE_S, bytearray()
    request = urllib.request.Request(url, headers={"User-Agent": "ferbench"})
    try:
        answer = opener.open(request, timeout=SILENCE_S)
        if answer is None:  # redirected to another scheme than HTTP
            raise ValueError("it leads to an address of another kind")
        with answer:
            while len(data) <= max_bytes and (part := answer.read1(65536)):
                data += part
                if time.monotonic() > deadline:
                    raise TimeoutError(f"it took longer than {DEADLINE_S:.0f} seconds")
    except (OSError, ValueError, HTTPException) as error:
        code = f"HTTP {error.code} " if isinstance(error, urllib.error.HTTPError) else ""
        reason = code + " ".join(str(getattr(error, "reason", error)).split())
        raise OSError(
            f"{url}: cannot be fetched ({reason}); check the address, or save the image and name it"
        ) from None
    if len(data) > max_bytes:
        raise ValueError(f"{url}: expected an image of at most {max_bytes:,} bytes; got more")
    return bytes(data)


def _named(error: ValueError, source: str | Path) -> ValueError:
    text = str(error)
    return error if text.startswith(f"{source}: ") else ValueError(f"{source}: {text}")
