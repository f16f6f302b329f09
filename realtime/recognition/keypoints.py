"""A key-point bundle at work on frames: cut out faces as in training, and give the points in the frame."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from ferbench.models import bundles
from ferbench.realtime.events import Box, Image, Points
from ferbench.realtime.recognition.crop import crop_face

DEFAULT_POINTS = "ferbench-points"


class KeyPoints:
    """A key-point model from a bundle, applied to faces in frames.

    Parameters
    ----------
    bundle : object
        What :func:`ferbench.models.load_bundle` gives for a key-point bundle.
    name : str, optional
        Name to show; by default the bundle's recipe.

    Attributes
    ----------
    name : str
        Name to show.
    names : tuple of str
        Names of the points in their order.

    Raises
    ------
    ValueError
        If the bundle names expressions rather than finds points.

    Notes
    -----
    May be shared by threads: nothing is kept between calls.

    Examples
    --------
    >>> from ferbench.realtime import KeyPoints, Recognizer
    >>> recognizer = Recognizer.load(points=KeyPoints.load())  # doctest: +SKIP
    >>> [event.points for event in recognizer.predict("party.jpg")]  # doctest: +SKIP
    """

    def __init__(self, bundle: Any, *, name: str | None = None) -> None:
        if not finds_points(bundle.info):
            raise ValueError(
                f"{bundle.path} names expressions and finds no key points; give it as --model (model= in Python), and "
                "the folder of a key-point bundle as --points (points=)"
            )
        self._bundle = bundle
        self._margin, self._offset = float(bundle.info["margin"]), float(bundle.info.get("offset", 0.0))
        self.names: tuple[str, ...] = tuple(bundle.point_names)
        self.name = name or bundle.info.get("recipe", {}).get("name") or bundle.path.name

    @classmethod
    def load(cls, bundle: str | Path | None = None, *, n_threads: int = 1) -> Self:
        """Load a bundle.

        Parameters
        ----------
        bundle : str or Path, optional
            A bundle's folder, or the name of a shipped one; None is the one that ships with ferbench.
        n_threads : int
            Threads for one prediction; more than one gains little on single faces.

        Raises
        ------
        FileNotFoundError
            If there is no such bundle.
        ValueError
            If the bundle is damaged, or names expressions.
        """
        path = find_points(bundle)
        shipped = str(bundle or DEFAULT_POINTS)
        return cls(bundles.load_bundle(path, n_threads=n_threads), name=shipped if path != Path(shipped) else None)

    def locate(self, image: Image, boxes: Sequence[Box]) -> Points:
        """Points of the faces in the boxes, ndarray of shape (n_boxes, n_points, 2).

        All faces are looked at in one call of the model.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Blue-green-red; a gray image of shape (height, width) is taken as well.
        boxes : sequence of tuple of int
            x, y, width and height in pixels, as detectors give them; may reach beyond the image.

        Returns
        -------
        ndarray of shape (n_boxes, n_points, 2), float64
            x and y in pixels of the image; the center of its upper left pixel is (0, 0).
        """
        if not boxes:
            return np.empty((0, len(self.names), 2))
        squares = [square_around(box, self._margin, self._offset) for box in boxes]
        faces = np.stack([crop_face(image, square, self._bundle.image_shape) for square in squares])
        height, width = self._bundle.image_shape
        corners = np.array([square[:2] for square in squares], float)[:, None]
        scales = np.array([(side / width, side / height) for _, _, side, _ in squares])[:, None]
        # Half a pixel there and back: resizing keeps the borders of the picture in place, not the pixels' centers.
        return (np.asarray(self._bundle.predict(faces), float) + 0.5) * scales - 0.5 + corners


PointsChoice = KeyPoints | str | Path | bool | None


def load_points(points: PointsChoice, *, n_threads: int = 1) -> KeyPoints | None:
    """Key-point model that a parameter `points` means: True is the shipped one, None and False are none."""
    if points is None or points is False or isinstance(points, KeyPoints):
        return points or None
    return KeyPoints.load(None if points is True else points, n_threads=n_threads)


def find_points(bundle: str | Path | None = None) -> Path:
    """Folder of a key-point bundle by its path or shipped name, None for the shipped one; nothing is read.

    Raises
    ------
    FileNotFoundError
        If there is none.
    """
    path = bundles.find_shipped(bundle or DEFAULT_POINTS)
    if (path / "bundle.json").is_file():
        return path
    if bundle in (None, DEFAULT_POINTS):
        raise FileNotFoundError(
            f"this installation has no key-point bundle {DEFAULT_POINTS}; give the folder of one: --points PATH "
            "(points= in Python), or install ferbench anew"
        )
    raise FileNotFoundError(f"{bundle}: no such key-point bundle; expected a bundle's folder or {DEFAULT_POINTS}")


def finds_points(info: dict[str, Any]) -> bool:
    """Whether a bundle's description is that of a key-point model."""
    return info.get("task") == "keypoints"


def check_recognizer(info: dict[str, Any], path: Path) -> None:
    """Raise ValueError if a bundle, by its description, finds key points rather than names expressions."""
    if finds_points(info):
        raise ValueError(
            f"{path} finds key points and names no expressions; give it as --points (points= in Python), and the "
            "folder of a recognizer as --model (model=)"
        )


def square_around(box: Box, margin: float, offset: float = 0.0) -> Box:
    """Square around a box in whole pixels: `1 + margin` times its longer side, and `offset` times it further down."""
    x, y, width, height = box
    longer = max(width, height)
    side = max(1, round((1 + margin) * longer))
    return round(x + (width - side) / 2), round(y + (height - side) / 2 + offset * longer), side, side
