from .archives import readable
from .dataset import LABELS, SPLITS, Dataset, cache_dir, content_fingerprint
from .labels import CODES, canonical_label, canonical_split
from .sources import Batch, Problems, Source

__all__ = [
    "CODES",
    "LABELS",
    "SPLITS",
    "Batch",
    "Dataset",
    "Problems",
    "Source",
    "cache_dir",
    "canonical_label",
    "canonical_split",
    "content_fingerprint",
    "readable",
]
