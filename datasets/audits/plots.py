"""Draw the figures of a data audit from its findings; nothing is computed here."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from ferbench.datasets.audits.findings import audited_labels
from ferbench.datasets.base import SPLITS, Dataset

# Okabe and Ito's colors, which are safe for color-blind readers.
COLORS = {"Training": "#0072B2", "PublicTest": "#E69F00", "PrivateTest": "#009E73"}
SAMPLES_PER_LABEL = 14
MAX_CONFLICTS = 24
MAX_PAIRS = 14
# An average of fewer faces could reveal a person.
MIN_FACES_OF_AN_AVERAGE = 25


def plot_classes(findings: Mapping[str, Any]) -> Figure:
    """Draw the share of each label in each split, with the number of images on the bars."""
    figure, axes = _figure(9, 3.6)
    labels = list(findings["counts"][SPLITS[0]])
    positions = np.arange(len(labels))
    for number, split in enumerate(SPLITS):
        counts = np.array([findings["counts"][split][label] for label in labels])
        heights = 100 * counts / max(1, counts.sum())
        bars = axes.bar(positions + 0.28 * (number - 1), heights, 0.27, color=COLORS[split], label=split)
        axes.bar_label(bars, [f"{n:,}" for n in counts], fontsize=6.5, padding=1.5, rotation=90)
    axes.set_xticks(positions, labels, rotation=0 if len(labels) < 10 else 45)
    axes.set_ylabel("share of the split, %")
    axes.margins(y=0.18)
    axes.legend(frameon=False, ncols=3, loc="upper right")
    return figure


def plot_brightness(findings: Mapping[str, Any]) -> Figure:
    """Draw the distribution of mean gray levels in each split."""
    figure, axes = _figure(9, 3)
    bins = np.array(findings["gray"]["bins"])
    for split in SPLITS:
        counts = np.array(findings["gray"]["mean_histogram"][split])
        if counts.sum():
            axes.stairs(100 * counts / counts.sum(), bins, color=COLORS[split], lw=1.8, label=split)
    axes.set_xlabel("mean gray level of the image (0 black, 255 white)")
    axes.set_ylabel("share of the split, %")
    axes.set_xlim(0, 256)
    axes.legend(frameon=False)
    return figure


def plot_copies(findings: Mapping[str, Any]) -> Figure:
    """Draw the numbers of exact copies: redundant ones within a split, and copies across splits."""
    exact = findings["exact_duplicates"]
    bars = [(f"again in {split}", n, COLORS[split]) for split, n in exact["within_split"].items()]
    bars += [
        (f"{row['images_of']} images in {row['stand_in']}", row["images"], "#D55E00") for row in exact["across_splits"]
    ]
    figure, axes = _figure(9, 2.8)
    names, counts, colors = zip(*bars[::-1], strict=True)
    drawn = axes.barh(names, counts, color=colors, height=0.7)
    axes.bar_label(drawn, [f"{n:,}" for n in counts], padding=3, fontsize=8)
    axes.set_xlabel("images")
    axes.set_xlim(0, 1.1 * max(1, *counts))
    return figure


def plot_sizes(findings: Mapping[str, Any]) -> Figure:
    """Draw original widths and heights; the area of a point is the number of images."""
    figure, axes = _figure(9, 3.6)
    sizes = findings["sizes"]["original"]
    counts = np.array([row["images"] for row in sizes])
    area = 12 + 400 * counts / counts.max()
    widths, heights = [row["width"] for row in sizes], [row["height"] for row in sizes]
    axes.scatter(widths, heights, s=area, color=COLORS["Training"], alpha=0.5, linewidths=0)
    axes.set_xlabel("width, pixels")
    axes.set_ylabel("height, pixels")
    return figure


def plot_mean_faces(dataset: Dataset, *, faces: bool) -> Figure:
    """Draw the average image of each label over all splits."""
    labels = audited_labels(dataset)
    rows_of_faces = -(-len(labels) // 8)
    figure = Figure(figsize=(9, 1.7 * rows_of_faces), layout="constrained")
    grid = figure.subplots(rows_of_faces, min(len(labels), 8), squeeze=False).ravel()
    for spare in grid[len(labels) :]:
        spare.set_axis_off()
    for axes, label in zip(grid, labels, strict=False):
        rows = np.flatnonzero(dataset.labels == label)
        axes.set_title(f"{label}\n{len(rows):,} images", fontsize=8)
        if len(rows) >= (1 if faces else MIN_FACES_OF_AN_AVERAGE):
            _show(axes, _average(dataset.images, rows))
        else:
            _show(axes, np.full((2, 2), 235.0))
            axes.text(0.5, 0.5, "too few\nto average", ha="center", va="center", fontsize=7, color="#555")
    return figure


def plot_samples(dataset: Dataset, seed: int) -> Figure:
    """Draw random faces of each label."""
    generator = np.random.default_rng(seed)
    labels = audited_labels(dataset)
    figure = Figure(figsize=(9, 4.8 * len(labels) / 7), layout="constrained")
    for axes, label in zip(figure.subplots(len(labels), 1, squeeze=False).ravel(), labels, strict=True):
        rows = np.flatnonzero(dataset.labels == label)
        rows = np.sort(generator.choice(rows, min(SAMPLES_PER_LABEL, len(rows)), replace=False))
        strip = np.full((dataset.images.shape[1], SAMPLES_PER_LABEL * (dataset.images.shape[2] + 2)), 255.0)
        for number, row in enumerate(rows):
            start = number * (dataset.images.shape[2] + 2)
            strip[:, start : start + dataset.images.shape[2]] = dataset.images[row]
        _show(axes, strip)
        axes.set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
    return figure


def plot_conflicts(dataset: Dataset, findings: Mapping[str, Any]) -> Figure:
    """Draw images with more than one label."""
    groups = findings["label_conflicts"]["groups"][:MAX_CONFLICTS]
    captions = ["\n".join(sorted({row["label"] for row in group})) for group in groups]
    return _tiles([dataset.images[group[0]["row"]] for group in groups], captions, columns=12)


def plot_lookalikes(dataset: Dataset, findings: Mapping[str, Any]) -> Figure:
    """Draw the near-duplicates with the lowest correlation, to check the threshold by eye."""
    pairs = findings["near_duplicates"]["examples"][-MAX_PAIRS:]
    tiles = [np.vstack([dataset.images[row["row"]] for row in pair["images"]]) for pair in pairs]
    return _tiles(tiles, [f"{pair['correlation']:.3f}" for pair in pairs], columns=MAX_PAIRS)


def _tiles(images: Sequence[NDArray[np.uint8]], captions: Sequence[str], columns: int) -> Figure:
    n_rows = -(-len(images) // columns)
    lines = max(caption.count("\n") + 1 for caption in captions)
    ratio = images[0].shape[0] / images[0].shape[1]
    figure = Figure(figsize=(9, n_rows * (9 / columns * ratio + 0.14 * lines + 0.05)), layout="constrained")
    grid = np.atleast_1d(figure.subplots(n_rows, columns)).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, image, caption in zip(grid, images, captions, strict=False):
        _show(axes, image)
        axes.set_title(caption, fontsize=6, y=0, va="top", pad=-2)
    return figure


def _average(images: NDArray[np.uint8], rows: NDArray[np.intp]) -> NDArray[np.float64]:
    total = np.zeros(images.shape[1:], np.float64)
    for start in range(0, len(rows), 1024):
        total += images[rows[start : start + 1024]].sum(axis=0, dtype=np.float64)
    return total / len(rows)


def _figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    return figure, axes


def _show(axes: Axes, image: NDArray[Any]) -> None:
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
