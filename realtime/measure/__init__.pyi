from .faces_by_size import count_faces
from .tables import write_faces_table, write_timing_table
from .video_timing import measure_timing

__all__ = [
    "count_faces",
    "measure_timing",
    "write_faces_table",
    "write_timing_table",
]
