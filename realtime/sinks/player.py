"""Put the player of a video beside the timelines of a summary page, which stays one offline file."""

import base64
import hashlib
import os
from pathlib import Path
from typing import Any

from markupsafe import Markup


def player_for(video: Path, page: Path) -> dict[str, Any]:
    """Return what the template needs for a player: the link to the video, the script and its hash for the policy.

    Parameters
    ----------
    video : Path
        File of the video.
    page : Path
        File of the page.

    Returns
    -------
    dict
        The link is relative, and None if the page asks for the file: if the video does not exist, or lies so far away
        that its path would say much about this machine to whoever gets the page.
    """
    script = (Path(__file__).parent / "templates" / "player.js").read_text()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # The script is a file of the package, so it is not escaped.
    return {"link": relative_link(video, page), "script": Markup(script), "hash": f"sha256-{digest}"}


def relative_link(video: Path, page: Path) -> str | None:
    """Return the path of a video from the folder of a page, with slashes; None if it is missing or far away.

    Examples
    --------
    >>> relative_link(Path("no/such/clip.mp4"), Path("summary.html")) is None
    True
    """
    if not video.is_file():
        return None
    try:
        path = Path(os.path.relpath(video.resolve(), page.resolve().parent))
    except ValueError:  # another drive
        return None
    return path.as_posix() if path.parts.count("..") <= 1 else None
