"""Remove user names, passwords and keys from URLs before they are shown."""

import re

_SECRET = r"(?:access_?key|api_?key|auth\w*|credentials?|key|pass\w*|pwd|secret|session\w*|sig\w*|token|user\w*|login)"
# Matches up to the last "@" before the path, or up to the last "@" of the URL if the password contains a slash. A colon
# before a number and the path is a port, not a password.
_USER = re.compile(r"\b([a-z][a-z0-9+.-]*:/{1,3})(?:[^\s/?#]*:(?!\d+(?:[/?#]|$))[^\s]*@|[^\s/?#]*@)", re.IGNORECASE)
_QUERY = re.compile(rf"\b({_SECRET}=)[^&;#/\s'\"]*", re.IGNORECASE)
_ADDRESS = re.compile(r"\b[a-z][a-z0-9+.-]*:/{1,3}\S+", re.IGNORECASE)


def redact(text: object) -> str:
    """Return a text with users, passwords and keys removed from the URLs in it.

    Use it for every name of a source that is shown: on pages, in responses, logs, records, tables and errors.

    Parameters
    ----------
    text : object
        A URL such as ``rtsp://user:password@camera/stream``, or any text that contains URLs.

    Examples
    --------
    >>> redact("rtsp://admin:secret@10.0.0.7:554/live?channel=1&token=abc lost")
    'rtsp://10.0.0.7:554/live?channel=1&token=*** lost'
    >>> redact("clip.mp4")
    'clip.mp4'
    """
    return _ADDRESS.sub(lambda found: _QUERY.sub(r"\1***", _USER.sub(r"\1", found[0])), str(text))
