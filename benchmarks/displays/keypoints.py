"""Plot key-point results: cumulative errors, the error of each point, and faces with their points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from ferbench.benchmarks.displays.base import DASHES, HEAT, PALETTE, Display, clear_frame, ink_on, set_title
from ferbench.benchmarks.displays.labels import label_ends
from ferbench.benchmarks.scores import FAILURE, THRESHOLDS, PointScores, face_errors


@dataclass(frozen=True, eq=False, repr=False)
class CedDisplay(Display):
    """Cumulative error distribution: share of faces whose normalized error is at most a threshold.

    Attributes
    ----------
    names : tuple of str
        Models, the best first.
    thresholds : ndarray of shape (n_thresholds,)
    shares, low, high : ndarray of shape (n_models, n_thresholds)
        Shares of faces with the bounds of their 95 % intervals.
    dataset : str
        The data, for the title.
    n_images : int
    """

    names: tuple[str, ...]
    thresholds: NDArray[np.float64]
    shares: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    dataset: str = ""
    n_images: int = 0

    @classmethod
    def from_scores(cls, scores: Mapping[str, PointScores], *, dataset: str = "") -> "CedDisplay":
        """From the scores of models on the same faces, the best first."""
        if not scores:
            raise ValueError("CedDisplay needs the scores of at least one model; got none")
        intervals = [of.intervals["curve"] for of in scores.values()]
        return cls(
            tuple(scores),
            THRESHOLDS,
            np.stack([np.asarray(of.curve, np.float64) for of in scores.values()]),
            np.stack([np.asarray(low, np.float64) for low, _ in intervals]),
            np.stack([np.asarray(high, np.float64) for _, high in intervals]),
            dataset,
            next(iter(scores.values())).n_normalised,
        )

    def frame(self) -> pd.DataFrame:
        """One row per model and threshold."""
        parts = [
            pd.DataFrame({"recipe": name, "threshold": self.thresholds, "share": self.shares[place]})
            for place, name in enumerate(self.names)
        ]
        return pd.concat(parts, ignore_index=True)

    def _draw(self, ax: Axes) -> None:
        percent, ends = 100 * self.thresholds, []
        for place, name in enumerate(self.names):
            color, dashes = PALETTE[place % len(PALETTE)], DASHES[place % len(DASHES)]
            ax.fill_between(percent, self.low[place], self.high[place], color=color, alpha=0.15, linewidth=0)
            ax.plot(percent, self.shares[place], color=color, linestyle=dashes, linewidth=2)
            ends.append((float(percent[-1]), float(self.shares[place][-1]), name, color))
        ax.axvline(100 * FAILURE, color="#767676", linestyle=":", linewidth=1)
        ax.annotate("failure", (100 * FAILURE, 0.02), xytext=(4, 0), textcoords="offset points", color="#767676")
        ax.set_xlim(0, percent[-1])
        ax.set_ylim(0, 1.01)
        ax.set_xlabel("mean error of a face, % of the distance between the outer eye corners")
        ax.set_ylabel("share of faces with at most this error")
        clear_frame(ax)
        label_ends(ax, ends)
        set_title(ax, "Cumulative errors", self.dataset, self.n_images)


@dataclass(frozen=True, eq=False, repr=False)
class PerPointDisplay(Display):
    """Heat map of the normalized error: one row per point, one column per model, and the means in the last row.

    Attributes
    ----------
    names, points : tuple of str
        Models, the best first, and points.
    errors : ndarray of shape (n_models, n_points)
        NaN for a point that is never annotated.
    means : ndarray of shape (n_models,)
        Mean over the faces.
    dataset : str
    n_images : int
    """

    names: tuple[str, ...]
    points: tuple[str, ...]
    errors: NDArray[np.float64]
    means: NDArray[np.float64]
    dataset: str = ""
    n_images: int = 0

    @classmethod
    def from_scores(
        cls, scores: Mapping[str, PointScores], points: Sequence[str], *, dataset: str = ""
    ) -> "PerPointDisplay":
        """From the scores of models on the same faces, the best first."""
        if not scores:
            raise ValueError("PerPointDisplay needs the scores of at least one model; got none")
        errors = np.stack([np.asarray(of.per_point["nme"], np.float64) for of in scores.values()])
        means = np.array([of.nme for of in scores.values()])
        return cls(tuple(scores), tuple(points), errors, means, dataset, next(iter(scores.values())).n_normalised)

    def frame(self) -> pd.DataFrame:
        """One row per point, one column per model."""
        table = pd.DataFrame(self.errors.T, columns=list(self.names))
        table.insert(0, "point", list(self.points))
        return table

    def _size(self) -> tuple[float, float]:
        return max(6.4, 3.6 + 1.25 * len(self.names)), 1.6 + 0.34 * (len(self.points) + 1)

    def _draw(self, ax: Axes) -> None:
        values = 100 * np.column_stack([self.errors, self.means]).T
        # The 90th percentile, so that a baseline with large errors does not hide differences between the others.
        top = float(np.nanpercentile(values, 90)) if np.isfinite(values).any() else 1.0
        image = ax.imshow(values, cmap=HEAT, vmin=0, vmax=top, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            if not np.isnan(value):
                ink = ink_on(min(value / top, 1.0))
                ax.text(column, row, f"{value:.1f}", ha="center", va="center", color=ink, fontsize=9)
        labels = [*(name.replace("_", " ") for name in self.points), "mean of faces"]
        ax.set_yticks(range(len(labels)), labels, fontsize=9)
        ax.set_xticks(range(len(self.names)), self.names, fontsize=9)
        ax.axhline(len(self.points) - 0.5, color="white", linewidth=5)
        ax.get_figure(root=True).colorbar(image, ax=ax, label="error, % of the eye distance")  # type: ignore[union-attr]
        set_title(ax, "Error of each point", self.dataset, self.n_images)


@dataclass(frozen=True, eq=False, repr=False)
class PointFacesDisplay(Display):
    """Faces with annotated and predicted points, by rising error. Use it only for faces that may be published.

    Attributes
    ----------
    images : ndarray of shape (n_faces, height, width), uint8
    marked, found : ndarray of shape (n_faces, n_points, 2)
        Annotated and predicted points in pixels; NaN if a point is not annotated.
    captions : tuple of str
    name, dataset : str
    """

    images: NDArray[np.uint8]
    marked: NDArray[np.float32]
    found: NDArray[np.float32]
    captions: tuple[str, ...]
    name: str = ""
    dataset: str = ""

    @classmethod
    def from_errors(
        cls,
        images: NDArray[np.uint8],
        points: NDArray[np.float32],
        errors: NDArray[np.float32],
        interocular: NDArray[np.float32],
        *,
        n_faces: int = 15,
        name: str = "",
        dataset: str = "",
    ) -> "PointFacesDisplay":
        """Make the display from faces at evenly spaced ranks of the error, with the largest error last."""
        faces = face_errors(errors, interocular)
        order = np.argsort(faces, kind="stable")
        order = order[: int(np.isfinite(faces).sum())]
        rows = order[np.unique(np.linspace(0, len(order) - 1, n_faces).round().astype(int))] if len(order) else order
        captions = tuple(f"{100 * faces[row]:.1f} %" for row in rows)
        return cls(images[rows], points[rows], points[rows] + errors[rows], captions, name, dataset)

    def frame(self) -> pd.DataFrame:
        """Return one row per face and point, in pixels: annotated, then predicted."""
        parts = [
            pd.DataFrame(np.hstack([marked, found]), columns=["x", "y", "found_x", "found_y"]).assign(face=face)
            for face, (marked, found) in enumerate(zip(self.marked, self.found, strict=True))
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["face"])

    def _columns(self) -> int:
        return min(5, max(1, len(self.images)))

    def _size(self) -> tuple[float, float]:
        n_rows = -(-len(self.images) // self._columns())
        return 1.9 * self._columns(), 0.8 + 1.75 * max(n_rows, 1)

    def _draw(self, ax: Axes) -> None:
        height, width = self.images.shape[1:]
        columns, gap = self._columns(), max(2, width // 16)
        n_rows = -(-len(self.images) // columns)
        sheet = np.full((n_rows * (height + gap), columns * (width + gap)), 255, np.uint8)
        for place, image in enumerate(self.images):
            top, left = (place // columns) * (height + gap), (place % columns) * (width + gap)
            sheet[top : top + height, left : left + width] = image
            corner = np.array([left, top])
            marked, found = self.marked[place] + corner, self.found[place] + corner
            ends = np.stack([marked, found], axis=1)
            ax.plot(ends[..., 0].T, ends[..., 1].T, color="#E69F00", linewidth=1)
            ax.scatter(marked[:, 0], marked[:, 1], s=26, facecolors="none", edgecolors="#56B4E9", linewidths=1.1)
            ax.scatter(found[:, 0], found[:, 1], s=7, color="#E69F00", linewidths=0)
            ax.text(left + 2, top + height - 3, self.captions[place], color="white", fontsize=7, va="bottom",
                    bbox={"facecolor": "#222222", "pad": 1, "linewidth": 0})  # fmt: skip
        ax.imshow(sheet, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set_xlim(-0.5, sheet.shape[1] - gap - 0.5)
        ax.set_ylim(sheet.shape[0] - gap - 0.5, -0.5)
        ax.set_axis_off()
        what = f"{self.name}: " if self.name else ""
        set_title(ax, f"{what}annotated (rings) and predicted (dots) points", self.dataset)
