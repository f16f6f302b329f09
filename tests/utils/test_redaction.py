"""Addresses are shown without users, passwords and keys."""

import pytest

from ferbench.utils import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://user:secret@10.0.0.7:554/live", "rtsp://10.0.0.7:554/live"),
        ("RTSP://user@host/live", "RTSP://host/live"),
        ("rtsp://u:se/cret@host/live", "rtsp://host/live"),
        ("rtsp://u:sec@ret@host/live", "rtsp://host/live"),
        ("rtsp:/u:secret@host/live", "rtsp:/host/live"),
        ("rtsp://u:secret@[::1]:554/live", "rtsp://[::1]:554/live"),
        ("http://host/live?user=me&password=secret&channel=1", "http://host/live?user=***&password=***&channel=1"),
        ("http://host/live?channel=1&access_key=secret#x", "http://host/live?channel=1&access_key=***#x"),
        ("'rtsp://u:secret@a/b': lost; rtsp://u:secret@c/d too", "'rtsp://a/b': lost; rtsp://c/d too"),
        ("http://host:8080/@user/clip.mp4", "http://host:8080/@user/clip.mp4"),
        ("clip@home.mp4", "clip@home.mp4"),
        ("0", "0"),
    ],
)
def test_only_secrets_are_removed(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact(redact(text)) == shown


def test_errors_are_accepted_as_text() -> None:
    assert redact(OSError("rtsp://u:secret@host/live cannot be opened")) == "rtsp://host/live cannot be opened"
