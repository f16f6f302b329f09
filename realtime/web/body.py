"""Read the body of a request within the limits."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from ferbench.realtime.web.limits import Limits
from ferbench.realtime.web.refusal import Refusal

# A form has one file; additional fields are allowed and ignored.
MAX_FIELDS, MAX_FIELD_BYTES = 8, 64 * 1024
# Size of the pieces in which a form is parsed, so that other requests are served in between.
PIECE = 64 * 1024
_NO_FILE = Refusal(422, "no_file", "the form has no file; send one, or the picture's bytes as the whole body")


async def read_body(request: Request, limits: Limits) -> bytes:
    """Return the picture in a request: the raw body, or the one file of a form, as ``curl -F image=@face.jpg`` sends.

    Raises
    ------
    Refusal
        413 if it is too large, 408 if it does not arrive in time, 422 if a form has no file or several files.
    """
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/")
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            return await (_only_file(request, limits) if is_form else _whole(request, limits))
    except TimeoutError:
        message = f"the picture did not arrive within {limits.body_timeout_s:g} s; try again"
        raise Refusal(408, "slow_body", message) from None
    except ClientDisconnect:
        raise Refusal(400, "gone", "the client disconnected before the picture had arrived") from None


async def _whole(request: Request, limits: Limits) -> bytes:
    body = bytearray()
    async for chunk in _bounded(request, limits.body_bytes):
        body += chunk
    return bytes(body)


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Yield pieces of the body; a body that is too large is discarded and refused at its end."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        # A body that is slightly too large is read to its end and discarded. Otherwise a client that is still
        # writing sees a reset connection instead of the error message.
        if size > 4 * limit:
            break
        if size <= limit:
            for start in range(0, len(chunk), PIECE):
                yield chunk[start : start + PIECE]
                # Data that has already arrived is passed on without a pause.
                await asyncio.sleep(0)
    if size > limit:
        raise Refusal(413, "too_large", f"the picture is too large: at most {limit / 2**20:g} MiB; make it smaller")


async def _only_file(request: Request, limits: Limits) -> bytes:
    form = _Form(request.headers["content-type"])
    pieces = _bounded(request, limits.body_bytes)
    try:
        async for piece in pieces:
            form.write(piece)
        return form.file()
    except Refusal:
        # The rest is read and discarded, so that the client can read the answer.
        async for _ in pieces:
            pass
        raise


class _Form:
    """Incremental parser of a ``multipart/form-data`` body; keeps only the file, in memory.

    Starlette's own parser is not used, because it writes large files to the disk, and pictures must not be stored.
    """

    def __init__(self, content_type: str) -> None:
        boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
        self._headers: dict[bytes, bytes] = {}
        self._name = self._value = b""
        self._fields = self._size = 0
        self._file: bytearray | None = None
        self._in_file = self._complete = False
        names = ("part_begin", "part_data", "part_end", "header_field", "header_value", "header_end")
        callbacks: Any = {f"on_{name}": getattr(self, f"_{name}") for name in (*names, "headers_finished")}
        try:
            self._parser = MultipartParser(boundary, callbacks)
        except FormParserError:
            raise _NO_FILE from None

    def write(self, piece: bytes) -> None:
        """Read on."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise _NO_FILE from None

    def file(self) -> bytes:
        """Return the file, at the end."""
        if self._file is None or not self._complete:
            raise _NO_FILE
        return bytes(self._file)

    def _part_begin(self) -> None:
        self._headers, self._name, self._value = {}, b"", b""
        self._in_file, self._size = False, 0

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._count(end - start)

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._count(end - start)

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _headers_finished(self) -> None:
        options = parse_options_header(self._headers.get(b"content-disposition"))[1]
        self._in_file = b"filename" in options
        if self._in_file and self._file is not None:
            message = "the form has several files; send each picture in a separate request"
            raise Refusal(422, "many_files", message)
        if self._in_file:
            self._file = bytearray()
        else:
            self._fields += 1
            self._count(0)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file and self._file is not None:
            self._file += data[start:end]
        else:
            self._count(end - start)

    def _part_end(self) -> None:
        self._complete = self._complete or self._in_file

    def _count(self, size: int) -> None:
        self._size += size
        if self._fields > MAX_FIELDS or self._size > MAX_FIELD_BYTES:
            largest = f"{MAX_FIELDS} fields of {MAX_FIELD_BYTES // 1024} KiB"
            raise Refusal(
                422, "fields", f"the form has too much data besides its file: at most {largest}; send only the file"
            )
