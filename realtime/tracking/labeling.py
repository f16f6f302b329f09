"""Turn probabilities into events: the label, and whether it is certain."""

from typing import NamedTuple

import numpy as np

from ferbench.realtime.detection import Detection
from ferbench.realtime.events import FaceEvent, Frame, Points, Probabilities


class Certainty(NamedTuple):
    """Thresholds of a certain label: its minimum probability, and its minimum lead over the next label."""

    min_probability: float = 0.4
    min_margin: float = 0.1

    def check(self) -> None:
        """Raise ValueError if a threshold is not from 0 to 1."""
        for name, value in self._asdict().items():
            if not 0 <= value <= 1:
                raise ValueError(f"{name} must be from 0 to 1; got {value}")

    def holds(self, probabilities: Probabilities) -> bool:
        """Whether the most probable of the classes is certain."""
        first, second = np.sort(np.append(probabilities, 0.0))[:-3:-1]
        return bool(first >= self.min_probability and first - second >= self.min_margin)


def face_event(
    frame: Frame,
    face: Detection,
    raw: Probabilities,
    smoothed: Probabilities,
    *,
    classes: tuple[str, ...],
    certainty: Certainty,
    track_id: int | None = None,
    points: Points | None = None,
    point_names: tuple[str, ...] = (),
) -> FaceEvent:
    """Return the event of one face."""
    return FaceEvent(
        frame=frame.index,
        timestamp_s=frame.timestamp_s,
        track_id=track_id,
        state="face",
        box=face.box,
        score=face.score,
        probabilities=raw,
        smoothed=smoothed,
        label=classes[int(smoothed.argmax())],
        certain=certainty.holds(smoothed),
        classes=classes,
        points=points,
        point_names=point_names,
    )
