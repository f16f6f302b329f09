"""Make scenes with a known number of faces: the clip, the enlarged clip, and groups composed from photographs.

The scenes are the same in each run and are written to a temporary folder.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Box = tuple[float, float, float, float]

FPS = 25.0
# Groups are composed from square photographs of at least this many pixels in which one head fills the picture. The face
# in them is given by its center and side as fractions of the picture, measured on the collection.
LEAST_SIDE = 200
FACE_X, FACE_Y, FACE_SIDE = 0.5, 0.54, 0.72
GROUPS = (2, 4, 6, 9)
WIDTHS = {640: 480, 1280: 720}
SCENES_PER_GROUP = 8
# Sizes of the heads as fractions of their cells.
HEAD_SIZES = (0.5, 0.95)
SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Head:
    """A head cut out of a photograph with soft edges, and the box of its face."""

    image: Image
    mask: NDArray[np.float32]


def photo_files(folder: Path) -> list[Path]:
    """Return the photographs of a folder in order.

    Raises
    ------
    ValueError
        If there is none.
    """
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f"{folder}: holds no photograph; give a folder of JPEG or PNG files with one face each")
    return files


def portraits(folder: Path) -> list[Image]:
    """Return the photographs from which groups can be composed.

    Raises
    ------
    ValueError
        If there are fewer than the largest group needs.
    """
    images = [cv2.imread(str(file)) for file in photo_files(folder)]
    good = [
        np.asarray(image, np.uint8)
        for image in images
        if image is not None and image.shape[0] == image.shape[1] >= LEAST_SIDE
    ]
    if len(good) < max(GROUPS):
        raise ValueError(
            f"{folder}: {len(good)} photographs are square and at least {LEAST_SIDE} pixels wide; expected "
            f"{max(GROUPS)} at least to make groups of"
        )
    return good


def photo_truth(image: Image) -> Box:
    """Return the face box of a close-up: x, y, width, height in pixels."""
    height, width = image.shape[:2]
    side = FACE_SIDE * min(height, width)
    return FACE_X * width - side / 2, FACE_Y * height - side / 2, side, side


def write_enlarged(clip: Path, target: Path, size: tuple[int, int] = (640, 480)) -> Path:
    """Write a video enlarged to `size` (width, height), as Motion JPEG."""
    enlarged = (cv2.resize(image, size, interpolation=cv2.INTER_CUBIC) for image in _frames(clip))
    return _write_video(target, enlarged, size)


def write_group_video(photos: Path, target: Path, *, n_faces: int = 6, n_frames: int = 240) -> Path:
    """Write a video of 1280 x 720 pixels with heads that move slowly, each within its own cell."""
    size = (1280, 720)
    scene = Group(portraits(photos)[:n_faces], size, np.full(n_faces, 0.85))
    return _write_video(target, (scene.draw(number / FPS)[0] for number in range(n_frames)), size)


def write_group_pictures(photos: Path, folder: Path) -> dict[str, list[Box]]:
    """Write pictures of 2, 4, 6 and 9 faces in two widths and return the face boxes by file name.

    The boxes are also written to ``truth.json`` in the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images, random = portraits(photos), np.random.default_rng(0)
    truths: dict[str, list[Box]] = {}
    for n_faces in GROUPS:
        for number in range(SCENES_PER_GROUP):
            chosen = [images[place] for place in random.choice(len(images), n_faces, replace=False)]
            sizes, second = random.uniform(*HEAD_SIZES, n_faces), float(random.uniform(0, 30))
            for width, height in WIDTHS.items():
                # Both widths show the same people at the same places, so that only the size differs.
                picture, truth = Group(chosen, (width, height), sizes).draw(second)
                name = f"group-{n_faces}-{width}-{number}.png"
                cv2.imwrite(str(folder / name), picture)
                truths[name] = truth
    (folder / "truth.json").write_text(json.dumps(truths))
    return truths


class Group:
    """Heads on a blurred background, each moving slowly within its own cell.

    Parameters
    ----------
    photos : sequence of ndarray of shape (side, side, 3), uint8
        One photograph per face.
    size : tuple of int
        Width and height of the picture in pixels.
    shares : ndarray of shape (n_faces,)
        Side of each head as a fraction of the shorter side of its cell.
    """

    def __init__(self, photos: Sequence[Image], size: tuple[int, int], shares: NDArray[np.float64]) -> None:
        self.size = size
        columns = int(np.ceil(np.sqrt(len(photos))))
        rows = int(np.ceil(len(photos) / columns))
        self._cell = (size[0] / columns, size[1] / rows)
        self._places = [(number % columns, number // columns) for number in range(len(photos))]
        sides = [round(float(share) * min(self._cell)) for share in shares]
        self._heads = [_cut_out(photo, side) for photo, side in zip(photos, sides, strict=True)]
        self._background = _background(photos[0], size)

    def draw(self, second: float) -> tuple[Image, list[Box]]:
        """Return the picture at a time in seconds, and its face boxes."""
        picture = self._background.copy()
        truths = []
        for number, (head, (column, row)) in enumerate(zip(self._heads, self._places, strict=True)):
            side = len(head.image)
            spare = self._cell[0] - side, self._cell[1] - side
            # Each head moves with its own slow frequencies, so that the heads do not move together.
            sway = np.sin(second * (0.5 + 0.07 * number) + number), np.cos(second * (0.4 + 0.05 * number) + 2 * number)
            left = round(self._cell[0] * column + spare[0] * (0.5 + 0.4 * sway[0]))
            top = round(self._cell[1] * row + spare[1] * (0.5 + 0.4 * sway[1]))
            _paste(picture, head, left, top)
            x, y, width, height = photo_truth(head.image)
            truths.append((left + x, top + y, width, height))
        return picture, truths


def _cut_out(photo: Image, side: int) -> Head:
    """Cut out the middle of a photograph with soft edges."""
    image = np.asarray(cv2.resize(photo, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    mask = np.zeros((side, side), np.float32)
    axes = (round(0.44 * side), round(0.47 * side))
    cv2.ellipse(mask, (side // 2, side // 2), axes, 0, 0, 360, 1.0, -1)
    return Head(image, np.asarray(cv2.GaussianBlur(mask, (0, 0), max(1.0, 0.02 * side)), np.float32)[..., None])


def _background(photo: Image, size: tuple[int, int]) -> Image:
    """Blur a photograph until the face is no longer visible."""
    # Shrinking to a few pixels and enlarging again is a fast approximation of a very wide blur.
    few = cv2.resize(photo, (8, 8), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(few, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _paste(picture: Image, head: Head, left: int, top: int) -> None:
    side = len(head.image)
    part = picture[top : top + side, left : left + side]
    inside = head.mask[: part.shape[0], : part.shape[1]]
    part[:] = np.rint(inside * head.image[: part.shape[0], : part.shape[1]] + (1 - inside) * part)


def _frames(video: Path) -> Iterator[Any]:
    capture = cv2.VideoCapture(str(video))
    while (image := capture.read()[1]) is not None:
        yield image


def _write_video(target: Path, images: Iterable[Any], size: tuple[int, int]) -> Path:
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter.fourcc(*"MJPG"), FPS, size)
    n_frames = 0
    try:
        for image in images:
            writer.write(image)
            n_frames += 1
    finally:
        writer.release()
    if not n_frames or not target.stat().st_size:
        raise ValueError(f"{target.name}: no frame could be written; is the clip a video that OpenCV can read?")
    return target
