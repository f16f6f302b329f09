"""Face data: loaders, splits, the built-in drawn faces and the data audit."""

from ferbench.datasets._audit import audit
from ferbench.datasets._dataset import LABELS, SPLITS, Dataset, cache_dir, content_fingerprint
from ferbench.datasets._duplicates import find_leaks
from ferbench.datasets._faces import make_faces
from ferbench.datasets._fetch import fetch
from ferbench.datasets._load import load

__all__ = [
    "LABELS",
    "SPLITS",
    "Dataset",
    "audit",
    "cache_dir",
    "content_fingerprint",
    "fetch",
    "find_leaks",
    "load",
    "make_faces",
]
