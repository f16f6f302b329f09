"""Names of `ferbench.utils` that are public here as well."""

from ferbench.utils import MIRRORED, POINT_NAMES, check_images, derive_points, mark_offset

__all__ = ["MIRRORED", "POINT_NAMES", "check_images", "derive_points", "mark_offset"]
