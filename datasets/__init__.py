"""Face data: loaders, splits, the built-in drawn faces and the data audit."""

from ferbench.datasets._dataset import LABELS, SPLITS, Dataset, cache_dir

__all__ = ["LABELS", "SPLITS", "Dataset", "cache_dir"]
