"""Folder for cached data: decoded images, features and downloaded models."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Return the folder for cached data: ``$FERBENCH_CACHE``, or the user's cache folder."""
    if chosen := os.environ.get("FERBENCH_CACHE"):
        return Path(chosen)
    # Only needed without the variable: a first prediction is to load as little as possible.
    import platformdirs

    return platformdirs.user_cache_path("ferbench", appauthor=False)
