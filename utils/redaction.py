"""Addresses as they may be shown: without the names and passwords in them."""

import re

_SECRET = r"(?:access_?key|api_?key|auth\w*|credentials?|key|pass\w*|pwd|secret|session\w*|sig\w*|token|user\w*|login)"
# Up to the last "@" of the host's part; or, where a password holds a slash itself, to the last one of the address.
# What follows the colon of a port is a number and then the path.
_USER = re.compile(r"\b([a-z][a-z0-9+.-]*:/{1,3})(?:[^\s/?#]*:(?!\d+(?:[/?#]|$))[^\s]*@|[^\s/?#]*@)", re.IGNORECASE)
_QUERY = re.compile(rf"\b({_SECRET}=)[^&;#/\s'\"]*", re.IGNORECASE)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*:/{1,3}\S+", re.IGNORECASE)


def redact(text: object) -> str:
    """Return a text in which no address carries a user, a password or a key.

    Use it wherever the name of a source is shown: on pages, in answers, logs, records, tables and errors.

    Parameters
    ----------
    text : object
        An address such as ``rtsp://user:password@camera/stream``, or any text with addresses in it.

    Examples
    --------
    >>> redact("rtsp://admin:secret@10.0.0.7:554/live?channel=1&token=abc lost")
    'rtsp://10.0.0.7:554/live?channel=1&token=*** lost'
    >>> redact("clip.mp4")
    'clip.mp4'
    """
    return _ADDRESS.sub(lambda found: _QUERY.sub(r"\1***", _USER.sub(r"\1", found[0])), str(text))
