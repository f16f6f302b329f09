"""Read the body of a request, never more of it than allowed."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from ferbench.realtime.web.limits import Limits
from ferbench.realtime.web.refusal import Refusal

# A form has one file; a page may send a few fields along, which are not looked at.
MAX_FIELDS = 8
# Pieces in which a form is parsed; between them others have their turn.
PIECE = 64 * 1024


async def read_body(request: Request, limits: Limits) -> bytes:
    """Return the picture in a request: the raw body, or the one file of a form, as ``curl -F image=@face.jpg`` sends.

    Raises
    ------
    Refusal
        413 when it is too large, 408 when it does not arrive in time, 422 when a form has no file, or several.
    """
    is_form = request.headers.get("content-type", "").lower().startswith("multipart/")
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            return await (_only_file(request, limits) if is_form else _whole(request, limits))
    except TimeoutError:
        message = f"the picture did not arrive within {limits.body_timeout_s:g} s; try again"
        raise Refusal(408, "slow_body", message) from None
    except ClientDisconnect:
        raise Refusal(400, "gone", "the client left before its picture had arrived") from None


async def _whole(request: Request, limits: Limits) -> bytes:
    body = bytearray()
    async for chunk in _bounded(request, limits.body_bytes):
        body += chunk
    return bytes(body)


async def _bounded(request: Request, limit: int) -> AsyncGenerator[bytes, None]:
    """Pieces of the body; what is too large is refused at its end, and not kept."""
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        # A body somewhat too large is read to its end and thrown away: clients that are still writing when the
        # connection closes see a reset instead of the reason.
        if size > 4 * limit:
            break
        if size <= limit:
            for start in range(0, len(chunk), PIECE):
                yield chunk[start : start + PIECE]
                # What has arrived already is handed on without a pause.
                await asyncio.sleep(0)
    if size > limit:
        raise Refusal(413, "too_large", f"the picture is too large: at most {limit / 2**20:g} MiB; make it smaller")


async def _only_file(request: Request, limits: Limits) -> bytes:
    no_file = Refusal(422, "no_file", "the form has no file; send one, or the picture's bytes as the whole body")
    pieces = _bounded(request, limits.body_bytes)
    parser = MultiPartParser(request.headers, pieces, max_files=1, max_fields=MAX_FIELDS, max_part_size=PIECE)
    # Pictures are never written to the disk.
    parser.spool_max_size = limits.body_bytes + 1
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        problem = getattr(error, "message", "")
        await _drain(pieces)
        if problem.startswith("Too many files"):
            message = "the form has several files, and one is looked at: send each picture in a request of its own"
            raise Refusal(422, "many_files", message) from None
        if problem.startswith(("Too many fields", "Part exceeded")):
            message = f"the form has too much besides its file: at most {MAX_FIELDS} fields of {PIECE // 1024} KiB"
            raise Refusal(422, "fields", message) from None
        raise no_file from None
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files:
            raise no_file
        return await files[0].read()
    finally:
        await form.close()


async def _drain(pieces: AsyncGenerator[bytes, None]) -> None:
    """Read what else comes, so that the client gets to read the answer."""
    async for _ in pieces:
        pass
