"""Face data: loaders, splits, the built-in drawn faces and the data audit."""

from ferbench.datasets._audit import audit
from ferbench.datasets._dataset import LABELS, SPLITS, Dataset, cache_dir, content_fingerprint
from ferbench.datasets._duplicates import find_leaks
from ferbench.datasets._faces import make_faces
from ferbench.datasets._fetch import fetch
from ferbench.datasets._files import IMAGE_SUFFIXES
from ferbench.datasets._load import load
from ferbench.datasets._points import PointDataset, load_points
from ferbench.datasets._points_audit import audit_points
from ferbench.datasets._points_splits import POINT_SPLITS
from ferbench.datasets._read import read_faces

__all__ = [
    "IMAGE_SUFFIXES",
    "LABELS",
    "POINT_SPLITS",
    "SPLITS",
    "Dataset",
    "PointDataset",
    "audit",
    "audit_points",
    "cache_dir",
    "content_fingerprint",
    "fetch",
    "find_leaks",
    "load",
    "load_points",
    "make_faces",
    "read_faces",
]
