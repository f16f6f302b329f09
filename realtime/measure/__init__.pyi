from .faces_by_size import count_faces
from .robustness import count_kept_labels
from .tables import write_changes_table, write_faces_table, write_timing_table
from .video_timing import measure_timing

__all__ = [
    "count_faces",
    "count_kept_labels",
    "measure_timing",
    "write_changes_table",
    "write_faces_table",
    "write_timing_table",
]
