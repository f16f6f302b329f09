"""Convert face events to the JSON of the API and of both WebSockets."""

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime import FaceEvent, FrameResult
from ferbench.realtime.tracking import with_compound


def describe_event(event: FaceEvent) -> dict[str, Any]:
    """Return one event as JSON types; probabilities are rounded to four decimals."""
    box = None if event.box is None else dict(zip(("x", "y", "width", "height"), map(int, event.box), strict=True))
    return {
        "frame": event.frame,
        "timestamp_s": round(event.timestamp_s, 4),
        "track_id": event.track_id,
        "state": event.state,
        "box": box,
        "score": None if event.score is None else round(float(event.score), 4),
        "label": event.label,
        "certain": bool(event.certain),
        "probabilities": _named(event.classes, event.smoothed),
        "raw": _named(event.classes, event.probabilities),
        "points": _located(event),
        "compound": with_compound(event).compound,
    }


def describe_result(result: FrameResult, model: str, **more: Any) -> str:
    """Return the events of one frame, and what `more` adds, as the text of a message."""
    height, width = result.image.shape[:2]
    message = {
        "type": "events",
        "frame": result.frame,
        "timestamp_s": round(result.timestamp_s, 4),
        "model": model,
        "width": width,
        "height": height,
        "latency_ms": round(result.latency_ms, 2),
        "fps": round(result.fps, 1),
        "message": result.message,
        "events": [describe_event(event) for event in result.events],
        **more,
    }
    return json.dumps(message, separators=(",", ":"))


def describe_model(about: dict[str, Any]) -> str:
    """Return the message to a page about the model in use, with its description."""
    return json.dumps({"type": "model", **about})


def describe_points(on: bool) -> str:
    """Return the message that tells a page whether key points are now on."""
    return json.dumps({"type": "points", "on": on})


def describe_rival(name: str | None) -> str:
    """Return the message that tells a page which second model is now compared; None for none."""
    return json.dumps({"type": "compare", "name": name})


def _located(event: FaceEvent) -> dict[str, dict[str, float]] | None:
    if event.points is None:
        return None
    places = zip(event.point_names, event.points.tolist(), strict=True)
    # JSON has no NaN, so points without coordinates are left out.
    return {
        name: {"x": round(x, 2), "y": round(y, 2)} for name, (x, y) in places if math.isfinite(x) and math.isfinite(y)
    }


def _named(classes: tuple[str, ...], values: NDArray[np.float64] | None) -> dict[str, float] | None:
    if values is None:
        return None
    return {label: round(float(value), 4) for label, value in zip(classes, values, strict=True)}
