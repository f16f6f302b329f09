"""Plot the live benchmark: frame rates, latencies, detectors, and memory over a long run."""

from dataclasses import dataclass
from typing import Any, ClassVar

import pandas as pd
from matplotlib.axes import Axes

from ferbench.benchmarks.displays import DARK, GRAY, MARKERS, PALETTE, Display, clear_frame, label_log_axis, set_title

# Target frames per second with the default settings, by scene.
TARGET_FPS = {"640x480": 90.0, "1280x720": 30.0}


@dataclass(frozen=True, eq=False, repr=False)
class _Rows(Display):
    """Base class of the displays with one row per measured video configuration."""

    table: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """The numbers behind the drawing."""
        return self.table

    def _size(self) -> tuple[float, float]:
        return 9.0, 1.6 + 0.27 * len(self.table)

    def _name_rows(self, ax: Axes) -> dict[str, str]:
        """Write the configurations beside the rows and return the color of each scene."""
        names = [_label(row) for row in self.table.to_dict("records")]
        ax.set_yticks(range(len(names)), names, fontsize=9)
        ax.set_ylim(len(names) - 0.4, -0.6)
        clear_frame(ax)
        ax.grid(axis="y", visible=False)
        return dict(zip(dict.fromkeys(self.table["scene"]), PALETTE, strict=False))


@dataclass(frozen=True, eq=False, repr=False)
class RateDisplay(_Rows):
    """Frames per second: median and range of the rounds, with a dark frame around the default settings."""

    def _draw(self, ax: Axes) -> None:
        colors = self._name_rows(ax)
        for place, row in enumerate(self.table.to_dict("records")):
            edge = DARK if row["default"] else "none"
            ax.barh(place, row["fps"], color=colors[row["scene"]], alpha=0.85, edgecolor=edge, linewidth=1.8)
            ax.plot([row["fps_low"], row["fps_high"]], [place, place], color=DARK, linewidth=1.2)
            ax.annotate(f" {row['fps']:.0f}", (max(row["fps"], row["fps_high"]), place), va="center", fontsize=8)
            if row["default"] and row["scene"] in TARGET_FPS:
                target = TARGET_FPS[row["scene"]]
                ax.plot([target, target], [place - 0.5, place + 0.5], color=DARK, linestyle="--", linewidth=1.6)
        ax.margins(x=0.08)
        ax.set_xlabel("frames per second, decoding included (median and range of the rounds; dashed: target)")
        set_title(ax, "Video frame rate", "a file read as fast as possible; framed: the default settings")


@dataclass(frozen=True, eq=False, repr=False)
class LatencyDisplay(_Rows):
    """Latency from a frame to its events: median, p90 and, with enough frames, p99."""

    def _draw(self, ax: Axes) -> None:
        colors = self._name_rows(ax)
        for place, row in enumerate(self.table.to_dict("records")):
            known = [row[key] for key in ("ms_median", "ms_p90", "ms_p99") if not pd.isna(row[key])]
            ax.plot([known[0], known[-1]], [place, place], color=colors[row["scene"]], linewidth=2, alpha=0.5)
            for value, marker in zip(known, MARKERS, strict=False):
                ax.plot(value, place, marker=marker, color=colors[row["scene"]], markersize=6)
        for name, marker in zip(("median", "p90", "p99"), MARKERS, strict=False):
            ax.plot([], [], marker=marker, color=GRAY, linestyle="", label=name)
        ax.set_xscale("log")
        label_log_axis(ax.xaxis)
        ax.axvline(25, color=DARK, linestyle="--", linewidth=1.2, label="target for p90: 25 ms")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=9, frameon=False)
        ax.set_xlabel("milliseconds from the frame to its events")


@dataclass(frozen=True, eq=False, repr=False)
class DetectorDisplay(Display):
    """Share of faces found by each detector in each set of pictures, with the time per detection."""

    table: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """The numbers behind the drawing."""
        return self.table

    def _size(self) -> tuple[float, float]:
        return 9.0, 1.8 + 0.27 * len(self.table)

    def _draw(self, ax: Axes) -> None:
        rows = self.table.to_dict("records")
        sets = {name: place for place, name in enumerate(dict.fromkeys(map(set_name, rows)))}
        detectors = {name: place for place, name in enumerate(dict.fromkeys(self.table["detector"]))}
        thick = 0.84 / len(detectors)
        for name, place in detectors.items():
            ax.plot([], [], color=PALETTE[place], marker="s", markersize=9, linestyle="", label=name)
        for row in rows:
            place = detectors[row["detector"]]
            y = sets[set_name(row)] + (place - (len(detectors) - 1) / 2) * thick
            ax.barh(y, row["recall"], height=thick, color=PALETTE[place], alpha=0.85)
            false = f", {row['false_boxes']:.0f} false" if row["false_boxes"] else ""
            ax.annotate(f" {row['ms_median']:.1f} ms{false}", (row["recall"], y), va="center", fontsize=8)
        ax.set_yticks(list(sets.values()), list(sets), fontsize=9)
        ax.set_ylim(len(sets) - 0.4, -0.6)
        ax.set_xlim(0, 1.24)
        ax.set_xticks([0, 0.25, 0.5, 0.75, 1])
        clear_frame(ax)
        ax.grid(axis="y", visible=False)
        ax.set_xlabel("share of faces found; beside the bars: median time per detection, and false boxes")
        ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(detectors), fontsize=9, frameon=False)
        set_title(ax, "Faces found by detectors", "")


@dataclass(frozen=True, eq=False, repr=False)
class SoakDisplay(Display):
    """Memory, threads and open files of the process over a long run."""

    figsize: ClassVar[tuple[float, float]] = (8.6, 4.6)

    table: pd.DataFrame

    def frame(self) -> pd.DataFrame:
        """The numbers behind the drawing."""
        return self.table

    def _draw(self, ax: Axes) -> None:
        frames = self.table["frames"]
        ax.plot(frames, self.table["rss_mib"], color=PALETTE[0], label="memory (MiB)")
        ax.set_ylim(0, 1.25 * self.table["rss_mib"].max())
        ax.set_xlabel("frames")
        ax.set_ylabel("resident memory (MiB)")
        clear_frame(ax)
        other = ax.twinx()
        other.plot(frames, self.table["threads"], color=PALETTE[1], linestyle="--", label="threads")
        if self.table["fds"].notna().any():
            other.plot(frames, self.table["fds"], color=PALETTE[2], linestyle="-.", label="open files")
        other.set_ylim(0, 2.5 * max(self.table["threads"].max(), self.table["fds"].fillna(0).max()))
        other.set_ylabel("threads, open files")
        handles = [*ax.get_lines(), *other.get_lines()]
        ax.legend(handles, [str(line.get_label()) for line in handles], loc="lower right", fontsize=9)
        set_title(ax, "A clip in a loop", f"{int(frames.iloc[-1]):,} frames")


def set_name(row: dict[Any, Any]) -> str:
    """Return a short name of a set of pictures."""
    if row["scene"] == "groups" and not pd.isna(row["group_of"]):
        return f"groups of {row['group_of']}, {row['width']} wide"
    return f"{row['scene']}, as photographs" if row["kind"] == "thorough" else str(row["scene"])


def _label(row: dict[Any, Any]) -> str:
    every = "" if row["detect_every"] == "auto" else f", every {row['detect_every']}"
    if row["kind"] == "fer":
        return f"{row['scene']}  fer (PyPI)"
    if row["kind"] == "peer":
        return f"{row['scene']}  {row['model']} (PyPI)"
    return f"{row['scene']}  {row['detector']}{every}  {row['model']}"
