from .make import make_faces

__all__ = [
    "make_faces",
]
