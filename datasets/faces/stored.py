"""Draw faces into the cache, for data sets larger than memory."""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.utils import atomic_folder, cache_dir, remove_folder, sha256_of

_FILES = ("images.npy", "landmarks.npy")
_ABOUT = "about.json"

Batch = tuple[NDArray[np.intp], NDArray[np.uint8], NDArray[np.float32]]


def draw_on_disk(
    options: Sequence[Any], batches: Callable[[], Iterator[Batch]]
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Draw faces into the cache, or open those that were drawn with the same options and code.

    Parameters
    ----------
    options : sequence
        Everything that the faces depend on; the number of faces is the first.
    batches : callable
        Yields rows, images and landmarks, in order.

    Returns
    -------
    images : ndarray of shape (n_samples, height, width), uint8
    landmarks : ndarray of shape (n_samples, 68, 2), float32
        Both are read-only memory maps.
    """
    folder = cache_dir() / "faces" / hashlib.sha256(f"{list(options)} {_code()}".encode()).hexdigest()[:32]
    if not _is_whole(folder):
        remove_folder(folder)
        with atomic_folder(folder, keep=True) as part:
            _write(part, int(options[0]), batches())
    images, landmarks = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _FILES)
    return images, landmarks


def _write(folder: Path, n_samples: int, batches: Iterator[Batch]) -> None:
    with (folder / _FILES[0]).open("wb") as images, (folder / _FILES[1]).open("wb") as landmarks:
        for rows, faces, points in batches:
            for file, values in ((images, faces), (landmarks, points)):
                if rows[0] == 0:
                    about = {"descr": values.dtype.str, "fortran_order": False, "shape": (n_samples, *values.shape[1:])}
                    np.lib.format.write_array_header_1_0(file, about)
                file.write(np.ascontiguousarray(values).data)
    (folder / _ABOUT).write_text(json.dumps({name: sha256_of(folder / name) for name in _FILES}))


def _is_whole(folder: Path) -> bool:
    """Whether the files are those that were drawn; a damaged one is drawn anew."""
    about = folder / _ABOUT
    try:
        return about.is_file() and json.loads(about.read_text()) == {name: sha256_of(folder / name) for name in _FILES}
    except (OSError, ValueError, RecursionError):
        return False


def _code() -> str:
    """Return a hash of the code that draws: faces of other code are not taken for its own."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
