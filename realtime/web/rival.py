"""Recognize the same faces with a second model, and measure both."""

import time
from collections.abc import Sequence
from typing import Any

from ferbench.realtime import FaceEvent, FrameResult, Pipeline, Recognizer
from ferbench.realtime.detection import Detection
from ferbench.realtime.events import Box, Frame, Image, Probabilities
from ferbench.realtime.tracking import Smoother, face_event
from ferbench.realtime.web.answers import describe_event


class Timed(Recognizer):
    """Recognizer that measures its last prediction; it shares the model with the one it is made from.

    Parameters
    ----------
    recognizer : Recognizer
        The model.

    Attributes
    ----------
    milliseconds : float
        Time to cut out and label all faces of the last frame.
    """

    def __init__(self, recognizer: Recognizer) -> None:
        self.__dict__.update(recognizer.__dict__)
        self.milliseconds = 0.0

    def predict_faces(self, image: Image, boxes: Sequence[Box]) -> Probabilities:
        """Return the probabilities as the recognizer does, and keep the time."""
        started = time.perf_counter()
        rows = super().predict_faces(image, boxes)
        self.milliseconds = 1000 * (time.perf_counter() - started)
        return rows


class Rival:
    """Second model of a session: it labels the same boxes, and smooths on its own as the first one does.

    Parameters
    ----------
    recognizer : Recognizer
        The second model.
    name : str
        Its name on the server.
    """

    def __init__(self, recognizer: Recognizer, name: str) -> None:
        self.name = name
        self._recognizer = Timed(recognizer)
        self._smoothers: dict[int, Smoother] = {}

    def reset(self) -> None:
        """Forget the faces."""
        self._smoothers.clear()

    def compare(self, result: FrameResult, pipeline: Pipeline) -> dict[str, Any]:
        """Label the faces of a pipeline's newest result; return name, milliseconds and events as JSON types."""
        faces = [event for event in result.events if event.state == "face" and event.box is not None]
        rows = self._recognizer.predict_faces(result.image, [face.box for face in faces if face.box is not None])
        for face in faces:
            if face.track_id is not None and face.track_id not in self._smoothers:
                self._smoothers[face.track_id] = Smoother(pipeline.smoothing_s)
        # A face that is out of view for a moment goes on where it was, as in the pipeline.
        for gone in self._smoothers.keys() - pipeline.track_ids:
            del self._smoothers[gone]
        return {
            "model": self.name,
            "classes": list(self._recognizer.classes_),
            "recognize_ms": round(self._recognizer.milliseconds, 2),
            "events": [describe_event(self._event(result, face, row)) for face, row in zip(faces, rows, strict=True)],
        }

    def _event(self, result: FrameResult, face: FaceEvent, row: Any) -> FaceEvent:
        frame = Frame(result.frame, result.timestamp_s, result.image)
        smoother = self._smoothers.get(face.track_id) if face.track_id is not None else None
        smoothed = row if smoother is None else smoother.update(row, result.timestamp_s)
        found = Detection(face.box or (0, 0, 0, 0), 0.0 if face.score is None else face.score)
        common: dict[str, Any] = {"classes": self._recognizer.classes_, "certainty": self._recognizer.certainty}
        return face_event(frame, found, row, smoothed, track_id=face.track_id, points=None, point_names=(), **common)
