"""Read the body of a request, never more of it than allowed."""

import asyncio
import re

from starlette.requests import ClientDisconnect, Request

from ferbench.realtime.web.limits import Limits
from ferbench.realtime.web.refusal import Refusal


async def read_body(request: Request, limits: Limits) -> bytes:
    """Return the picture in a request: the raw body, or the first file of a form.

    Raises
    ------
    Refusal
        413 when it is too large, 408 when it does not arrive in time, 422 when a form has no file.
    """
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            body = await _bounded(request, limits.body_bytes)
    except TimeoutError:
        message = f"the picture did not arrive within {limits.body_timeout_s:g} s; try again"
        raise Refusal(408, "slow_body", message) from None
    except ClientDisconnect:
        raise Refusal(400, "gone", "the client left before its picture had arrived") from None
    kind = request.headers.get("content-type", "")
    return first_file(body, kind) if kind.lower().startswith("multipart/") else body


async def _bounded(request: Request, limit: int) -> bytes:
    body, size = bytearray(), 0
    async for chunk in request.stream():
        size += len(chunk)
        # A body somewhat too large is read to its end and thrown away: clients that are still writing when the
        # connection closes see a reset instead of the reason.
        if size > 4 * limit:
            break
        if size <= limit:
            body += chunk
    if size > limit:
        raise Refusal(413, "too_large", f"the picture is too large: at most {limit / 2**20:g} MiB; make it smaller")
    return bytes(body)


def first_file(body: bytes, content_type: str) -> bytes:
    """Return the first file of a ``multipart/form-data`` body, as ``curl -F image=@face.jpg`` sends it.

    Examples
    --------
    >>> head = b'--x\\r\\nContent-Disposition: form-data; name="image"; filename="face.jpg"\\r\\n\\r\\n'
    >>> first_file(head + b"JPEG\\r\\n--x--\\r\\n", "multipart/form-data; boundary=x")
    b'JPEG'
    """
    found = re.search(r'boundary="?([^";]{1,70})"?', content_type)
    if found:
        border = b"\r\n--" + found[1].encode("latin-1")
        for part in (b"\r\n" + body).split(border)[1:]:
            head, gap, content = part.partition(b"\r\n\r\n")
            if gap and b"filename=" in head.lower():
                return content
    raise Refusal(422, "no_file", "the form has no file; send one, or the picture's bytes as the whole body")
