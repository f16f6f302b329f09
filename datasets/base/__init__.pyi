from .archives import readable
from .dataset import (
    LABELS,
    LARGE_BYTES,
    SPLITS,
    Dataset,
    cache_dir,
    columns_fingerprint,
    content_fingerprint,
    summary_text,
)
from .labels import CODES, MAP_ONE, LabelReader, canonical_label, canonical_split, parse_mapping, plain_label
from .sources import Batch, Problems, Source
from .split_names import DROP, NONE, SplitReader, ask_for_names, parse_split_names

__all__ = [
    "CODES",
    "DROP",
    "LABELS",
    "LARGE_BYTES",
    "MAP_ONE",
    "NONE",
    "SPLITS",
    "Batch",
    "Dataset",
    "LabelReader",
    "Problems",
    "Source",
    "SplitReader",
    "ask_for_names",
    "cache_dir",
    "canonical_label",
    "canonical_split",
    "columns_fingerprint",
    "content_fingerprint",
    "parse_mapping",
    "parse_split_names",
    "plain_label",
    "readable",
    "summary_text",
]
