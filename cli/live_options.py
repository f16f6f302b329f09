"""Arguments of ``live``, ``image`` and ``video`` as typed values."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Arguments that select the models and the detector."""

    model: str | None
    results: str
    detector: str | None
    min_probability: float | None
    points: str | Literal[True] | None
    threads: int
    provider: str
    priors: str | None
    compound: bool


@dataclass(frozen=True, slots=True)
class RunOptions(ModelOptions):
    """Arguments that `live` and `video` share."""

    output_video: Path | None
    events: Path | None
    summary: Path | None
    max_frames: int | None
    smoothing: float
    detect_every: Literal["auto"] | int


@dataclass(frozen=True, slots=True)
class LiveOptions(RunOptions):
    """Arguments of `live`."""

    source: str
    models: list[str] | None
    no_window: bool
    mirror: bool
    snapshots: Path


@dataclass(frozen=True, slots=True)
class VideoOptions(RunOptions):
    """Arguments of `video`."""

    input: str
    rate: float | None
    start: float
    stop: float | None


@dataclass(frozen=True, slots=True)
class ImageOptions(ModelOptions):
    """Arguments of `image`."""

    input: str
    output_image: Path | None
    output_csv: Path | None
    events: Path | None
    strict: bool
