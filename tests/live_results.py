"""Made-up results of the live system, for tests of what shows and stores them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime import FaceEvent, FrameResult

CLASSES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


def face(
    frame: int = 0,
    timestamp_s: float = 0.0,
    label: str = "happy",
    *,
    box: tuple[int, int, int, int] = (20, 20, 60, 60),
    certain: bool = True,
    track_id: int | None = 1,
) -> FaceEvent:
    """One face."""
    probabilities = np.full(7, 0.05)
    probabilities[CLASSES.index(label)] = 0.7
    return FaceEvent(
        frame, timestamp_s, track_id, "face", box, 0.9, probabilities, probabilities, label, certain, CLASSES
    )


def picture(height: int = 120, width: int = 160, seed: int = 0) -> NDArray[np.uint8]:
    """Noise, which no encoder makes small."""
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)


def result(
    frame: int = 0,
    timestamp_s: float = 0.0,
    events: Sequence[FaceEvent] | None = None,
    *,
    image: NDArray[np.uint8] | None = None,
    name: str | None = None,
    message: str | None = None,
) -> FrameResult:
    """One frame; without events it shows no face."""
    if events is None:
        events = [FaceEvent.no_face(frame=frame, timestamp_s=timestamp_s, classes=CLASSES)]
    shown = picture() if image is None else image
    return FrameResult(frame, timestamp_s, shown, tuple(events), 12.0, 60.0, "some-net", message, name)
