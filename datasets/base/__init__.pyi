from .archives import readable
from .dataset import LABELS, SPLITS, Dataset, cache_dir, content_fingerprint
from .labels import CODES, LabelReader, canonical_label, canonical_split, parse_mapping, plain_label
from .sources import Batch, Problems, Source

__all__ = [
    "CODES",
    "LABELS",
    "SPLITS",
    "Batch",
    "Dataset",
    "LabelReader",
    "Problems",
    "Source",
    "cache_dir",
    "canonical_label",
    "canonical_split",
    "content_fingerprint",
    "parse_mapping",
    "plain_label",
    "readable",
]
