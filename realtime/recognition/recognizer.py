"""Apply a recognizer bundle to frames: crop faces as in training, and return probabilities."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from ferbench import models
from ferbench.models import bundles
from ferbench.models.base import Priors
from ferbench.realtime.detection import Detector, make_detector
from ferbench.realtime.events import Box, FaceEvent, Frame, Image, Probabilities
from ferbench.realtime.recognition.crop import crop_face
from ferbench.realtime.recognition.keypoints import KeyPoints, PointsChoice, check_recognizer, load_points
from ferbench.realtime.tracking import Certainty, face_event
from ferbench.utils.pictures import color_array, read_image


class Recognizer:
    """Expression recognizer from a bundle, for faces in frames and photographs.

    Parameters
    ----------
    bundle : LoadedBundle
        Bundle from :func:`ferbench.models.load_bundle`.
    detector : Detector or str, optional
        Face detector for :meth:`predict`; a name or None is resolved at the first call.
    name : str, optional
        Displayed name; by default the recipe of the bundle.
    points : KeyPoints, str, Path or bool, optional
        Key-point model for the same faces: True for the shipped one, or the folder of a bundle; by default none.
    priors : {"uniform"}, str or mapping of str to float, optional
        Shares of the classes that the faces are expected to have, in place of the shares of the training data:
        ``uniform``, the shares by label, or text such as ``angry=0.2,happy=0.4``; see :meth:`LoadedBundle.with_priors`.
        They are applied to each face before any smoothing. By default the probabilities stay as they are.

    Attributes
    ----------
    classes_ : tuple of str
        Labels in the order of the probabilities.
    name : str
        Displayed name.
    points : KeyPoints or None
        The key-point model.
    certainty : Certainty
        Thresholds of a certain label. A bundle with a calibration states its threshold and needs no lead over the next
        label; for others these are 0.4 and a lead of 0.1. They apply to the probabilities after `priors`.
    uncertain : str or None
        Which answers are uncertain, and how many of the validation images were certain; None if the bundle states
        nothing.
    priors : dict of str to float or None
        Expected share of each class.

    Raises
    ------
    ValueError
        If `bundle` is a key-point bundle, `points` is a recognizer bundle, or `priors` do not fit the bundle.

    References
    ----------
    Saerens, Latinne and Decaestecker, "Adjusting the outputs of a classifier to new a priori probabilities: a simple
    procedure", Neural Computation 14, 2002.

    Notes
    -----
    Threads may share an instance: it keeps no state between calls, and calls of the detector are serialized.

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
        priors: Priors | None = None,
    ) -> None:
        check_recognizer(bundle.info, bundle.path)
        self._bundle = bundle if priors is None else bundle.with_priors(priors)
        self.priors: dict[str, float] | None = getattr(self._bundle, "priors", None)
        self.points: KeyPoints | None = load_points(points)
        self._detector = detector
        self.classes_: tuple[str, ...] = tuple(bundle.info["labels"])
        self.name = name or bundle.info.get("recipe", {}).get("name") or bundle.path.name
        threshold = getattr(bundle, "reject_below", None)
        # A lead would make more answers uncertain than the coverage that the bundle states.
        self.certainty = Certainty() if threshold is None else Certainty(threshold, min_margin=0.0)
        self.uncertain = None if threshold is None else bundles.uncertain_text(bundle.info)
        self._margin = float(bundle.info["input"].get("crop_margin", 0.0))

    @classmethod
    def load(
        cls,
        bundle: str | Path | None = None,
        *,
        detector: Detector | str | None = None,
        n_threads: int = 1,
        points: PointsChoice = None,
        provider: str = "cpu",
        priors: Priors | None = None,
    ) -> Self:
        """Load a bundle.

        Parameters
        ----------
        bundle : str or Path, optional
            Folder of a bundle, or the name of a pretrained one; None selects the default pretrained one.
        detector : Detector or str, optional
            See the class.
        n_threads : int
            Threads for one prediction; more than one helps little for single faces.
        points : KeyPoints, str, Path or bool, optional
            See the class.
        provider : str, default="cpu"
            Execution provider of onnxruntime, see :func:`ferbench.models.load_bundle`.
        priors : {"uniform"}, str or mapping of str to float, optional
            See the class.

        Raises
        ------
        FileNotFoundError
            If the bundle does not exist.
        ValueError
            If the bundle is damaged, is a key-point bundle, or does not fit `priors`.
        """
        path, name = _find(bundle)
        return cls(
            bundles.load_bundle(path, n_threads=n_threads, provider=provider),
            detector=detector,
            name=name,
            points=load_points(points, n_threads=n_threads, provider=provider),
            priors=priors,
        )

    def predict_faces(self, image: Image, boxes: Sequence[Box]) -> Probabilities:
        """Return the probabilities of the faces in the boxes, ndarray of shape (n_boxes, n_classes).

        Parameters
        ----------
        image : ndarray of shape (height, width, 3), uint8
            Image in BGR order; a gray image of shape (height, width) is also accepted.
        boxes : sequence of tuple of int
            x, y, width and height in pixels. Outside the image, its border is repeated.
        """
        if not boxes:
            return np.empty((0, len(self.classes_)))
        return np.asarray(self._bundle.predict_proba(self.crop(image, boxes)), np.float64)

    def crop(self, image: Image, boxes: Sequence[Box]) -> Image:
        """Return the face crops for the bundle, uint8 ndarray of shape (n_boxes, height, width)."""
        return np.stack([crop_face(image, box, self._bundle.image_shape, self._margin) for box in boxes])

    def predict(self, image: Any) -> list[FaceEvent]:
        """Find and recognize the faces in one image.

        Parameters
        ----------
        image : path, PIL.Image.Image or ndarray
            Image file, Pillow image, or uint8 array: BGR of shape (height, width, 3), as in OpenCV, or gray of shape
            (height, width). Convert RGB arrays first: ``array[:, :, ::-1]``.

        Returns
        -------
        list of FaceEvent
            One event per face, sorted by decreasing detector score; not smoothed. Empty if there is no face.

        Raises
        ------
        ValueError
            If the file or the array is not an image.
        """
        frame = Frame(0, 0.0, read_image(image) if isinstance(image, str | Path) else color_array(image), still=True)
        return self.recognize(frame, self.detector, self.certainty, self.points)

    def recognize(
        self, frame: Frame, detector: Detector, certainty: Certainty, points: KeyPoints | None = None
    ) -> list[FaceEvent]:
        """Return the events of a photograph, sorted by decreasing detector score; empty if there is no face."""
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
        """Detector of :meth:`predict`, created at the first use."""
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
    # Key-point bundles are also accepted here; a later check explains what they are.
    if not (path := bundles.find_shipped(bundle)).is_dir():
        names = ", ".join(known) or "no name: none is installed"
        raise FileNotFoundError(f"{bundle}: no such bundle; expected a bundle's folder or {names}")
    return path, None
