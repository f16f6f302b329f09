"""Apply a key-point bundle to frames: crop faces as in training, and return points in frame coordinates."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from ferbench.models import bundles
from ferbench.realtime.events import Box, Image, Points
from ferbench.realtime.recognition.crop import crop_face

DEFAULT_POINTS = "ferbench-points"


class KeyPoints:
    """Key-point model from a bundle, for faces in frames.

    Parameters
    ----------
    bundle : object
        Key-point bundle, from :func:`ferbench.models.load_bundle`.
    name : str, optional
        Displayed name; by default the name under which the bundle ships, or else its recipe.

    Attributes
    ----------
    name : str
        Displayed name.
    names : tuple of str
        Names of the points, in order.

    Raises
    ------
    ValueError
        If the bundle recognizes expressions instead of key points.

    Notes
    -----
    Threads may share an instance, because it keeps no state between calls.

    Examples
    --------
    >>> from ferbench.realtime import KeyPoints, Recognizer
    >>> recognizer = Recognizer.load(points=KeyPoints.load())  # doctest: +SKIP
    >>> [event.points for event in recognizer.predict("party.jpg")]  # doctest: +SKIP
    """

    def __init__(self, bundle: Any, *, name: str | None = None) -> None:
        if not finds_points(bundle.info):
            raise ValueError(
                f"{bundle.path} recognizes expressions, not key points; give it as --model (model= in Python), and "
                "the folder of a key-point bundle as --points (points=)"
            )
        self._bundle = bundle
        self._margin, self._offset = float(bundle.info["margin"]), float(bundle.info.get("offset", 0.0))
        self.names: tuple[str, ...] = tuple(bundle.point_names)
        recipe = bundle.info.get("recipe", {}).get("name")
        self.name = name or bundles.shipped_name(bundle.path) or recipe or bundle.path.name

    @classmethod
    def load(cls, bundle: str | Path | None = None, *, n_threads: int = 1, provider: str = "cpu") -> Self:
        """Load a bundle.

        Parameters
        ----------
        bundle : str or Path, optional
            Folder of a bundle, or the name of a shipped one; None selects the default one.
        n_threads : int
            Threads for one prediction; more than one helps little for single faces.
        provider : str, default="cpu"
            Execution provider of onnxruntime, see :func:`ferbench.models.load_bundle`.

        Raises
        ------
        FileNotFoundError
            If the bundle does not exist.
        ValueError
            If the bundle is damaged, or recognizes expressions.
        """
        path = find_points(bundle)
        shipped = str(bundle or DEFAULT_POINTS)
        return cls(
            bundles.load_bundle(path, n_threads=n_threads, provider=provider),
            name=shipped if path != Path(shipped) else None,
        )

    def locate(self, image: Image, boxes: Sequence[Box]) -> Points:
        """Return the key points of the faces in the boxes, with one call of the model.

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Image in BGR order; a gray image of shape (height, width) is also accepted.
        boxes : sequence of tuple of int
            x, y, width and height in pixels, as returned by detectors; may extend beyond the image.

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
        # Shift by half a pixel before and after scaling, because resizing maps image borders, not pixel centers.
        return (np.asarray(self._bundle.predict(faces), float) + 0.5) * scales - 0.5 + corners


PointsChoice = KeyPoints | str | Path | bool | None


def load_points(points: PointsChoice, *, n_threads: int = 1, provider: str = "cpu") -> KeyPoints | None:
    """Return the key-point model for a parameter `points`: True is the shipped one, None and False mean none."""
    if points is None or points is False or isinstance(points, KeyPoints):
        return points or None
    return KeyPoints.load(None if points is True else points, n_threads=n_threads, provider=provider)


def find_points(bundle: str | Path | None = None) -> Path:
    """Return the folder of a key-point bundle, by path or shipped name; None is the shipped one. Reads no file.

    Raises
    ------
    FileNotFoundError
        If there is no such bundle.
    """
    path = bundles.find_shipped(bundle or DEFAULT_POINTS)
    if (path / "bundle.json").is_file():
        return path
    if bundle in (None, DEFAULT_POINTS):
        raise FileNotFoundError(
            f"this installation has no key-point bundle {DEFAULT_POINTS}; give the folder of one: --points PATH "
            "(points= in Python), or reinstall ferbench"
        )
    raise FileNotFoundError(f"{bundle}: no such key-point bundle; expected a bundle's folder or {DEFAULT_POINTS}")


def finds_points(info: dict[str, Any]) -> bool:
    """Whether the description of a bundle is that of a key-point model."""
    return info.get("task") == "keypoints"


def check_recognizer(info: dict[str, Any], path: Path) -> None:
    """Raise ValueError if a bundle finds key points instead of recognizing expressions."""
    if finds_points(info):
        raise ValueError(
            f"{path} finds key points, not expressions; give it as --points (points= in Python), and the "
            "folder of a recognizer as --model (model=)"
        )


def square_around(box: Box, margin: float, offset: float = 0.0) -> Box:
    """Return a square around a box: `1 + margin` times its longer side, moved down by `offset` times that side."""
    x, y, width, height = box
    longer = max(width, height)
    side = max(1, round((1 + margin) * longer))
    return round(x + (width - side) / 2), round(y + (height - side) / 2 + offset * longer), side, side
