"""A part of the labels of a data set, such as the five that some systems name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ferbench.datasets.base import LABELS, MAP_ONE, Dataset, LabelReader, columns_fingerprint

_COUNTS = ("", "", "two", "three", "four", "five", "six", "seven")


def check_labels(labels: object, known: Sequence[str] = ()) -> tuple[str, ...]:
    """Check the requested labels and return them in their usual order.

    Parameters
    ----------
    labels : list or tuple of str
        What is wanted.
    known : sequence of str
        The labels that the data set has; the seven of FER2013 are known besides.

    Raises
    ------
    ValueError
        If they are no list of at least two known labels, each once.
    """
    names = (*LABELS, *(label for label in known if label not in LABELS))
    expected = f"labels must list at least two of {', '.join(names)}, each once"
    if not isinstance(labels, list | tuple) or len(labels) < 2:
        raise ValueError(f"{expected}; got {labels!r}")
    for label in labels:
        if label not in names or labels.count(label) > 1:
            raise ValueError(f"{expected}; got {label!r}{' twice' if label in names else ''}")
    return tuple(label for label in names if label in labels)


def keep_labels(dataset: Dataset, labels: Sequence[str]) -> Dataset:
    """Return the rows with the given labels, as a data set with its own name and fingerprint."""
    rows = np.flatnonzero(np.isin(dataset.labels, labels))
    if not len(rows):
        raise ValueError(f"{dataset.name}: no image of {', '.join(labels)}; name labels that it has")
    columns = dataset.take(rows)
    gone = [label for label in dataset.label_names if label not in labels]
    counts = ", ".join(f"{label} ({int((dataset.labels == label).sum()):,})" for label in gone)
    note = f"Only {', '.join(labels)}: {len(rows):,} of {len(dataset):,} images."
    if gone:
        note += f" Left out: {counts}. Figures do not compare with those over all {len(dataset.label_names)} labels."
    suffix = _COUNTS[len(labels)] if len(labels) < len(_COUNTS) else str(len(labels))
    return replace(
        dataset,
        **columns,
        name=f"{dataset.name}-{suffix}",
        fingerprint=columns_fingerprint(columns),
        notes=(*dataset.notes, note),
        fer2013=dataset.has_fer2013_test,
    )


def map_labels(dataset: Dataset, mapping: Mapping[str, str]) -> Dataset:
    """A loaded data set with its labels renamed, merged or left out as a mapping says; counted in its notes."""
    reader = LabelReader(mapping)
    labels = [reader.read(label) for label in dataset.labels.tolist()]
    rows = np.array([row for row, label in enumerate(labels) if label is not None], np.intp)
    notes = reader.notes()
    if not len(rows):
        raise ValueError(f"{dataset.name}: the mapping of labels leaves no image; {MAP_ONE}")
    columns = dataset.take(rows) | {"labels": np.array([labels[row] for row in rows], str), "votes": None}
    return replace(
        dataset,
        **columns,
        fingerprint=columns_fingerprint(columns),
        notes=(*dataset.notes, *notes),
        fer2013=dataset.has_fer2013_test,
    )
