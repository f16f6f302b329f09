"""Re-export the names of `ferbench.utils` that `ferbench.features` also makes public."""

from ferbench.utils import MIRRORED, POINT_NAMES, check_images, derive_points, mark_offset

__all__ = ["MIRRORED", "POINT_NAMES", "check_images", "derive_points", "mark_offset"]
