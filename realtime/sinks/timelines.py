"""Collect the emotions of each person over time for the summary page, in bounded memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ferbench.realtime.events import FrameResult

UNCERTAIN = "uncertain"
# Longer pauses between two frames (a lost camera, a paused run) do not count as time in view.
LONGEST_STEP_S = 2.0
# Above this total number of intervals, timelines become coarser.
MOST_STRETCHES = 20_000


@dataclass(slots=True)
class Stretch:
    """Time interval with one label, in seconds."""

    start_s: float
    end_s: float
    label: str


@dataclass(slots=True)
class TrackTimes:
    """Times and labels of one person.

    Attributes
    ----------
    track_id : int
        Number of the person.
    first_s, last_s : float
        First and last time in view, in seconds.
    frames : int
        Number of frames with the person in view.
    seconds : dict of str to float
        Seconds by label.
    stretches : list of Stretch
        The timeline, without times out of view.
    """

    track_id: int
    first_s: float
    last_s: float
    frames: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    stretches: list[Stretch] = field(default_factory=list)

    @property
    def in_view_s(self) -> float:
        """Time in view in seconds."""
        return sum(self.seconds.values())

    def add(self, start_s: float, step_s: float, label: str) -> None:
        """Add the time from one frame to the next."""
        end = start_s + step_s
        self.last_s = end
        self.frames += 1
        self.seconds[label] = self.seconds.get(label, 0.0) + step_s
        newest = self.stretches[-1] if self.stretches else None
        if newest and newest.label == label and start_s - newest.end_s < 1e-6:
            newest.end_s = end
        else:
            self.stretches.append(Stretch(start_s, end, label))


class Timelines:
    """Collection of times and counts from the results of a run.

    Attributes
    ----------
    tracks : dict of int to TrackTimes
        People by number.
    faces : Counter
        Face events by label; events without a certain label as ``uncertain``.
    frames, empty_frames : int
        Number of frames, and of frames without a face.
    models : list of str
        Names of the recognizers used, in order.
    stills : bool
        Whether the frames were photographs, which have no duration.
    """

    def __init__(self) -> None:
        self.tracks: dict[int, TrackTimes] = {}
        self.faces: Counter[str] = Counter()
        self.frames = self.empty_frames = 0
        self.models: list[str] = []
        self.stills = False
        self.start_s = self.end_s = 0.0
        self._pending: list[tuple[int, str]] = []
        self._step_s = 0.0
        self._grain_s = 0.1

    def add(self, result: FrameResult) -> None:
        """Count a frame."""
        if not result.events:
            return
        if not self.frames:
            self.start_s = self.end_s = result.timestamp_s
        self._settle(result.timestamp_s - self.end_s)
        self.end_s = result.timestamp_s
        self.frames += 1
        if result.model not in self.models:
            self.models.append(result.model)
        self.stills = self.stills or result.name is not None
        faces = [event for event in result.events if event.state == "face"]
        labels = [event.label if event.certain and event.label else UNCERTAIN for event in faces]
        self.faces.update(labels)
        self.empty_frames += not faces
        self._pending = [
            (event.track_id, label) for event, label in zip(faces, labels, strict=True) if event.track_id is not None
        ]

    def finish(self) -> None:
        """Add the last frame, which lasts as long as the one before."""
        step = self._step_s or 0.04
        self._settle(step)
        self.end_s += step if self.frames else 0.0

    @property
    def duration_s(self) -> float:
        """Time from the first frame to the end of the last, in seconds."""
        return self.end_s - self.start_s

    def seconds(self) -> dict[str, float]:
        """Return the seconds by label, over all people."""
        total: dict[str, float] = {}
        for track in self.tracks.values():
            for label, value in track.seconds.items():
                total[label] = total.get(label, 0.0) + value
        return total

    def _settle(self, step_s: float) -> None:
        """Add the time until now to the faces of the previous frame."""
        step = min(step_s, LONGEST_STEP_S)
        if self.frames:
            self._step_s = step
        for track_id, label in self._pending:
            if track_id not in self.tracks:
                self.tracks[track_id] = TrackTimes(track_id, self.end_s, self.end_s)
            self.tracks[track_id].add(self.end_s, step, label)
        self._pending = []
        if self.frames % 1000 == 0:
            self._bound()

    def _bound(self) -> None:
        """Make the timelines coarser until they are small enough."""
        if self._n_stretches() <= MOST_STRETCHES:
            return
        while True:
            for track in self.tracks.values():
                track.stretches = thinned(track.stretches, self._grain_s)
            if self._n_stretches() <= MOST_STRETCHES / 2 or self._grain_s > 3600:
                return
            self._grain_s *= 2

    def _n_stretches(self) -> int:
        return sum(len(track.stretches) for track in self.tracks.values())


def thinned(stretches: Sequence[Stretch], step_s: float) -> list[Stretch]:
    """Return a timeline in steps of `step_s`, each with its longest label."""
    shares: dict[int, dict[str, float]] = {}
    for stretch in stretches:
        for step in range(int(stretch.start_s / step_s), int(stretch.end_s / step_s) + 1):
            inside = min(stretch.end_s, (step + 1) * step_s) - max(stretch.start_s, step * step_s)
            if inside > 0:
                share = shares.setdefault(step, {})
                share[stretch.label] = share.get(stretch.label, 0.0) + inside
    kept: list[Stretch] = []
    for step, share in sorted(shares.items()):
        label = max(share, key=lambda name: share[name])
        start = max(step * step_s, stretches[0].start_s)
        end = min((step + 1) * step_s, stretches[-1].end_s)
        if kept and kept[-1].label == label and start - kept[-1].end_s < step_s / 2:
            kept[-1].end_s = end
        else:
            kept.append(Stretch(start, end, label))
    return kept
