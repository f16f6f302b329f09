from .audits.images import audit
from .audits.points import audit_points
from .base.dataset import LABELS, SPLITS, Dataset, cache_dir, content_fingerprint
from .faces.make import make_faces
from .points.dataset import PointDataset, load_points
from .points.splits import POINT_SPLITS
from .protocols.duplicates import find_leaks
from .protocols.folds import Protocol, make_folds, protocol
from .readers.download import fetch
from .readers.faces import read_faces
from .readers.files import IMAGE_SUFFIXES
from .readers.layouts import Layout, known_layouts
from .readers.loading import load

__all__ = [
    "IMAGE_SUFFIXES",
    "LABELS",
    "POINT_SPLITS",
    "SPLITS",
    "Dataset",
    "Layout",
    "PointDataset",
    "Protocol",
    "audit",
    "audit_points",
    "cache_dir",
    "content_fingerprint",
    "fetch",
    "find_leaks",
    "known_layouts",
    "load",
    "load_points",
    "make_faces",
    "make_folds",
    "protocol",
    "read_faces",
]
