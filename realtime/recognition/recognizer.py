"""A bundle at work on frames: cut out faces as in training, and give their probabilities."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from ferbench import models
from ferbench.models import bundles
from ferbench.realtime.detection import Detector, make_detector
from ferbench.realtime.events import Box, FaceEvent, Frame, Image, Probabilities
from ferbench.realtime.recognition.crop import crop_face
from ferbench.realtime.recognition.keypoints import KeyPoints, PointsChoice, check_recognizer, load_points
from ferbench.realtime.tracking import Certainty, face_event
from ferbench.utils.pictures import color_array, read_image


class Recognizer:
    """A recognizer from a bundle, applied to faces in frames.

    Parameters
    ----------
    bundle : LoadedBundle
        What :func:`ferbench.models.load_bundle` gives.
    detector : Detector or str, optional
        Finds the faces for :meth:`predict`; made at its first call when it is a name or None.
    name : str, optional
        Name to show; by default the bundle's recipe.
    points : KeyPoints, str, Path or bool, optional
        Key-point model that finds the points of the same faces: True for the shipped one, a bundle's folder for
        another; by default none.

    Attributes
    ----------
    classes_ : tuple of str
        Labels in the order of the probabilities.
    name : str
        Name to show.
    points : KeyPoints or None
        The key-point model.

    Raises
    ------
    ValueError
        If the bundle finds key points rather than names expressions, or the other way round.

    Notes
    -----
    May be shared by threads: nothing is kept between calls, and the detector takes one thread at a time.

    Examples
    --------
    >>> from ferbench.realtime import Recognizer
    >>> recognizer = Recognizer.load("ferbench-net-l")  # doctest: +SKIP
    >>> [event.label for event in recognizer.predict("party.jpg")]  # doctest: +SKIP
    ['happy', 'surprise']
    """

    def __init__(
        self,
        bundle: Any,
        *,
        detector: Detector | str | None = None,
        name: str | None = None,
        points: PointsChoice = None,
    ) -> None:
        check_recognizer(bundle.info, bundle.path)
        self._bundle = bundle
        self.points: KeyPoints | None = load_points(points)
        self._detector = detector
        self.classes_: tuple[str, ...] = tuple(bundle.info["labels"])
        self.name = name or bundle.info.get("recipe", {}).get("name") or bundle.path.name
        self._margin = float(bundle.info["input"].get("crop_margin", 0.0))

    @classmethod
    def load(
        cls,
        bundle: str | Path | None = None,
        *,
        detector: Detector | str | None = None,
        n_threads: int = 1,
        points: PointsChoice = None,
    ) -> Self:
        """Load a bundle.

        Parameters
        ----------
        bundle : str or Path, optional
            A bundle's folder, or the name of a pretrained one; None is the default pretrained one.
        detector : Detector or str, optional
            As for the class.
        n_threads : int
            Threads for one prediction; more than one gains little on single faces.
        points : KeyPoints, str, Path or bool, optional
            As for the class.

        Raises
        ------
        FileNotFoundError
            If there is no such bundle.
        ValueError
            If the bundle is damaged, or of the other kind.
        """
        path, name = _find(bundle)
        return cls(
            bundles.load_bundle(path, n_threads=n_threads),
            detector=detector,
            name=name,
            points=load_points(points, n_threads=n_threads),
        )

    def predict_faces(self, image: Image, boxes: Sequence[Box]) -> Probabilities:
        """Probabilities of the faces in the boxes, ndarray of shape (n_boxes, n_classes).

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Blue-green-red; a gray image of shape (height, width) is taken as well.
        boxes : sequence of tuple of int
            x, y, width and height in pixels; may reach beyond the image, whose border is then repeated.
        """
        if not boxes:
            return np.empty((0, len(self.classes_)))
        return np.asarray(self._bundle.predict_proba(self.crop(image, boxes)), np.float64)

    def crop(self, image: Image, boxes: Sequence[Box]) -> Image:
        """Faces as the bundle takes them, uint8 ndarray of shape (n_boxes, height, width)."""
        return np.stack([crop_face(image, box, self._bundle.image_shape, self._margin) for box in boxes])

    def predict(self, image: Any) -> list[FaceEvent]:
        """Find and recognize the faces of one picture.

        Parameters
        ----------
        image : path, PIL.Image.Image or ndarray
            An image file, a Pillow image, or uint8 pixels: blue-green-red, as OpenCV has them, of shape
            (height, width, 3), or gray of (height, width). Turn RGB arrays around first: ``array[:, :, ::-1]``.

        Returns
        -------
        list of FaceEvent
            The surest face first; empty if there is none. Nothing is smoothed.

        Raises
        ------
        ValueError
            If the file is no image, or the array is none.
        """
        frame = Frame(0, 0.0, read_image(image) if isinstance(image, str | Path) else color_array(image), still=True)
        return self.recognize(frame, self.detector, Certainty(), self.points)

    def recognize(
        self, frame: Frame, detector: Detector, certainty: Certainty, points: KeyPoints | None = None
    ) -> list[FaceEvent]:
        """Events of a photograph, the surest face first; empty if there is no face."""
        faces = detector.detect(frame.image, thorough=True)
        boxes = [face.box for face in faces]
        rows = self.predict_faces(frame.image, boxes)
        located = [None] * len(boxes) if points is None else points.locate(frame.image, boxes)
        more: dict[str, Any] = {"classes": self.classes_, "certainty": certainty}
        more["point_names"] = () if points is None else points.names
        return [
            face_event(frame, face, row, row, points=found, **more)
            for face, row, found in zip(faces, rows, located, strict=True)
        ]

    @property
    def detector(self) -> Detector:
        """The detector of :meth:`predict`, made when first needed."""
        if not isinstance(self._detector, Detector):
            self._detector = make_detector(self._detector)
        return self._detector


def _find(bundle: str | Path | None) -> tuple[Path, str | None]:
    known = models.pretrained()
    if bundle is None:
        if not known:
            raise FileNotFoundError("this installation has no pretrained bundle; give the path of a bundle")
        bundle = next(iter(known))
    if str(bundle) in known:
        return known[str(bundle)], known[str(bundle)].name
    # Also those that are no recognizers, so that the error says what they are.
    if not (path := bundles.find_shipped(bundle)).is_dir():
        names = ", ".join(known) or "no name: none is installed"
        raise FileNotFoundError(f"{bundle}: no such bundle; expected a bundle's folder or {names}")
    return path, None
