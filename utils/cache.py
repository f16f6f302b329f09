"""The folder for what can be made anew: decoded images, features, downloaded models."""

import os
from pathlib import Path

import platformdirs


def cache_dir() -> Path:
    """Folder for decoded images, features and models: ``$FERBENCH_CACHE``, or the user's cache folder."""
    if chosen := os.environ.get("FERBENCH_CACHE"):
        return Path(chosen)
    return platformdirs.user_cache_path("ferbench", appauthor=False)
