"""A part of the seven labels, such as the five that some systems name."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ferbench.datasets.base import LABELS, Dataset, content_fingerprint

_COUNTS = ("", "", "two", "three", "four", "five", "six", "seven")


def check_labels(labels: object) -> tuple[str, ...]:
    """The wanted labels in their usual order.

    Raises
    ------
    ValueError
        If they are no list of at least two of the seven, each once.
    """
    expected = f"labels must list at least two of {', '.join(LABELS)}, each once"
    if not isinstance(labels, list | tuple) or len(labels) < 2:
        raise ValueError(f"{expected}; got {labels!r}")
    for label in labels:
        if label not in LABELS or labels.count(label) > 1:
            raise ValueError(f"{expected}; got {label!r}{' twice' if label in LABELS else ''}")
    return tuple(label for label in LABELS if label in labels)


def keep_labels(dataset: Dataset, labels: Sequence[str]) -> Dataset:
    """The rows with one of some labels, as a data set with a name and a fingerprint of its own."""
    rows = np.flatnonzero(np.isin(dataset.labels, labels))
    if not len(rows):
        raise ValueError(f"{dataset.name}: no image of {', '.join(labels)}; name labels that it has")
    images, kept, split = dataset.images[rows], dataset.labels[rows], dataset.split[rows]
    return replace(
        dataset,
        name=f"{dataset.name}-{_COUNTS[len(labels)]}",
        images=images,
        labels=kept,
        split=split,
        ids=dataset.ids[rows],
        fingerprint=content_fingerprint(images, kept, split),
        landmarks=None if dataset.landmarks is None else dataset.landmarks[rows],
        notes=(
            *dataset.notes,
            f"Only {', '.join(labels)}: {len(rows):,} of {len(dataset):,} images. Figures do not compare with those "
            f"over seven labels.",
        ),
    )
