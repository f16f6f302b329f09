"""Write the summary page of a run: a self-contained HTML file, and a CSV file with its numbers."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ferbench.realtime.drawing import UNCERTAIN_COLOR, color_of
from ferbench.realtime.events import FrameResult
from ferbench.realtime.sinks.closing import Closing
from ferbench.realtime.sinks.output import check_suffix
from ferbench.realtime.sinks.player import player_for
from ferbench.realtime.sinks.timelines import UNCERTAIN, Timelines, TrackTimes, thinned
from ferbench.utils import PartFile, safe_row

PAGE_SUFFIXES = (".htm", ".html")
# Limits of people and of table rows on the page; the CSV contains everything.
_MOST_TRACKS, _MOST_ROWS = 40, 100
# Width of a timeline in drawing units, and the number of intervals above which it is drawn at that resolution.
_PARTS, _MOST_STRETCHES = 1000, 300


class SummarySink(Closing):
    """Sink that writes a summary page at the end of a run: timelines, time per emotion and counts.

    Parameters
    ----------
    path : str or Path
        HTML file of the page. Its numbers are written to ``<name>_emotions.csv`` in the same folder.
    classes : sequence of str
        Labels of the model.
    title : str
        Name of the source.
    detector, points : str, optional
        Names of the detector and of the key-point model, shown on the page.
    video : Path, optional
        File of the video, for a player beside the timelines; the page refers to it by a relative path.

    Raises
    ------
    ValueError
        If the file extension is unknown.
    """

    def __init__(
        self,
        path: str | Path,
        classes: Sequence[str],
        *,
        title: str,
        detector: str = "",
        points: str = "",
        video: Path | None = None,
    ) -> None:
        self.path = Path(path)
        check_suffix(self.path, PAGE_SUFFIXES, "the summary")
        self._classes = (*classes, UNCERTAIN)
        self._title, self._detector, self._points, self._video = title, detector, points, video
        self._page, self._table = PartFile(self.path), PartFile(summary_table(self.path))
        self._times = Timelines()
        self._began = datetime.now().astimezone()

    def write(self, result: FrameResult) -> None:
        """Count a frame."""
        self._times.add(result)

    def close(self) -> None:
        """Write the page and its table."""
        self._times.finish()
        try:
            self._table.finish(self._csv().encode())
            self._page.finish(self._html().encode())
        finally:
            self._page.discard()

    def _csv(self) -> str:
        buffer = io.StringIO()
        writer = csv.writer(buffer, lineterminator="\n")
        names = [f"{label}_s" for label in self._labels()]
        writer.writerow(["track_id", "first_s", "last_s", "in_view_s", "frames", *safe_row(names)])
        for track in self._times.tracks.values():
            numbers = [track.first_s, track.last_s, track.in_view_s]
            numbers += [track.seconds.get(label, 0.0) for label in self._labels()]
            times = [f"{value:.3f}" for value in numbers]
            writer.writerow([track.track_id, *times[:3], track.frames, *times[3:]])
        return buffer.getvalue()

    def _labels(self) -> list[str]:
        """Return all labels of the run; a model selected later may have other labels."""
        return [*self._classes[:-1], *sorted(set(self._times.faces) - set(self._classes)), UNCERTAIN]

    def _html(self) -> str:
        shown = sorted(self._times.tracks.values(), key=lambda track: -track.in_view_s)[:_MOST_TRACKS]
        return _page().render(
            title=self._title,
            began=self._began.strftime("%Y-%m-%d %H:%M"),
            times=self._times,
            detector=self._detector,
            points=self._points,
            emotions=self._emotions(),
            labels=self._labels(),
            tracks=[self._track(track) for track in sorted(shown, key=lambda track: track.track_id)],
            ticks=_ticks(self._times.duration_s),
            table=summary_table(self.path).name,
            player=player_for(self._video, self.path) if self._video and not self._times.stills else None,
        )

    def _emotions(self) -> list[dict[str, Any]]:
        seconds = self._times.seconds()
        total_s, total = sum(seconds.values()), self._times.faces.total()
        return [
            {
                "label": label,
                "color": self._color(label),
                "seconds": seconds.get(label, 0.0),
                "time_share": seconds.get(label, 0.0) / total_s if total_s else 0.0,
                "faces": self._times.faces[label],
                "share": self._times.faces[label] / total if total else 0.0,
            }
            for label in self._labels()
        ]

    def _track(self, track: TrackTimes) -> dict[str, Any]:
        duration = self._times.duration_s or 1.0
        stretches = track.stretches
        if len(stretches) > _MOST_STRETCHES:
            stretches = thinned(stretches, duration / _PARTS)
        drawn = [
            {
                "x": (stretch.start_s - self._times.start_s) / duration * _PARTS,
                "width": max(1.0, (stretch.end_s - stretch.start_s) / duration * _PARTS),
                "label": stretch.label,
                "color": self._color(stretch.label),
                "start_s": stretch.start_s,
                "end_s": stretch.end_s,
            }
            for stretch in stretches
        ]
        ranking = sorted(track.seconds.items(), key=lambda item: -item[1])
        return {
            "id": track.track_id,
            "first_s": track.first_s,
            "last_s": track.last_s,
            "seconds": {label: track.seconds.get(label, 0.0) for label in self._labels()},
            "in_view_s": track.in_view_s,
            "ranking": ranking,
            "drawn": drawn,
            "rows": drawn[:_MOST_ROWS],
        }

    def _color(self, label: str) -> str:
        return UNCERTAIN_COLOR if label == UNCERTAIN else color_of(label, self._labels())


@cache
def _page() -> Any:
    """Return the template of the page, compiled once."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = clock
    return environment.get_template("summary.html")


def summary_table(page: Path) -> Path:
    """Return the path of the CSV file for a summary page."""
    return page.with_name(f"{page.stem}_emotions.csv")


def clock(seconds: float) -> str:
    """Format seconds for a reader: ``4.2 s``, ``2:05``, ``1:00:00``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _ticks(duration_s: float) -> list[dict[str, float]]:
    """Return a few round times for the axis, with their positions in percent."""
    if duration_s <= 0:
        return []
    steps = [base * 10**power for power in (-1, 0) for base in (1, 2, 5)] + [10, 15, 30, 60, 120, 300, 600, 900, 1800]
    steps += [3600 * hours for hours in (1, 2, 4, 6, 12, 24, 48, 96, 168)]
    step = next((step for step in steps if duration_s / step <= 5), duration_s)
    return [{"s": step * n, "percent": 100 * step * n / duration_s} for n in range(int(duration_s / step + 1e-9) + 1)]
