"""Compute the findings of a data audit: counts, copies, label conflicts and near-duplicates."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.audits.near import CORRELATION, METHOD, NearDuplicates, find_near_duplicates
from ferbench.datasets.base import LABELS, SPLITS, Dataset
from ferbench.datasets.protocols import find_leaks, image_groups

# Below this standard deviation of gray levels, an image shows no visible content.
NEAR_CONSTANT_STD = 5.0
GRAY_BINS = 32


def audited_labels(dataset: Dataset) -> tuple[str, ...]:
    """The labels that an audit counts: the data set's own, or FER2013's seven where it has no others."""
    return LABELS if set(dataset.label_names) <= set(LABELS) and dataset.groups is None else dataset.label_names


def count_classes(dataset: Dataset) -> dict[str, Any]:
    """Count the images of each label in each split, and measure the class imbalance."""
    labels = audited_labels(dataset)
    counts = {
        split: {label: int(((dataset.split == split) & (dataset.labels == label)).sum()) for label in labels}
        for split in SPLITS
    }
    return {
        "counts": counts,
        "totals": {split: sum(row.values()) for split, row in counts.items()},
        "imbalance": {split: _imbalance(row) for split, row in counts.items()},
        "missing": [{"split": s, "label": label} for s, row in counts.items() for label, n in row.items() if not n],
    }


def _imbalance(counts: dict[str, int]) -> dict[str, Any]:
    """Return the most and least frequent label, their ratio, and the accuracy of always predicting the first."""
    largest, smallest = max(counts, key=lambda label: counts[label]), min(counts, key=lambda label: counts[label])
    total = sum(counts.values())
    return {
        "largest": largest,
        "smallest": smallest,
        "ratio": round(counts[largest] / counts[smallest], 4) if counts[smallest] else None,
        "majority_share": round(counts[largest] / total, 6) if total else None,
    }


def measure_grays(dataset: Dataset) -> dict[str, Any]:
    """Measure the gray levels of splits and labels, and find images without visible content."""
    means, stds, constant = _gray_moments(dataset.images)
    flat = (stds < NEAR_CONSTANT_STD) & ~constant
    return {
        "gray": {
            "per_split": _moments_by(dataset.split, SPLITS, means, stds),
            "per_label": _moments_by(dataset.labels, audited_labels(dataset), means, stds),
            "bins": np.linspace(0, 256, GRAY_BINS + 1).tolist(),
            "mean_histogram": {
                split: np.histogram(means[dataset.split == split], GRAY_BINS, (0, 256))[0].tolist() for split in SPLITS
            },
        },
        "constant": _describe(dataset, np.flatnonzero(constant)),
        "near_constant": {
            "threshold_std": NEAR_CONSTANT_STD,
            "images": [
                row | {"std": round(float(stds[number]), 3)}
                for number, row in zip(np.flatnonzero(flat), _describe(dataset, np.flatnonzero(flat)), strict=True)
            ],
        },
    }


def _gray_moments(images: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return mean and standard deviation of each image, and whether it is constant; works in small batches."""
    batches = [images[start : start + 1024].reshape(len(images[start : start + 1024]), -1) for start in _starts(images)]
    means = np.concatenate([batch.mean(axis=1) for batch in batches])
    stds = np.concatenate([batch.astype(np.float32).std(axis=1) for batch in batches])
    constant = np.concatenate([(batch == batch[:, :1]).all(axis=1) for batch in batches])
    return means, stds.astype(np.float64), constant


def _starts(images: NDArray[np.uint8]) -> range:
    return range(0, len(images), 1024)


def _moments_by(
    column: NDArray[np.str_], names: Iterable[str], means: NDArray[np.float64], stds: NDArray[np.float64]
) -> dict[str, dict[str, float] | None]:
    return {
        name: {
            "brightness": round(float(means[column == name].mean()), 3),
            "brightness_std": round(float(means[column == name].std()), 3),
            "contrast": round(float(stds[column == name].mean()), 3),
        }
        if (column == name).any()
        else None
        for name in names
    }


def find_copies(dataset: Dataset) -> dict[str, Any]:
    """Find exact copies within and across splits, and images with more than one label."""
    groups = image_groups(dataset.images)
    sizes = np.bincount(groups)
    leaked = find_leaks(dataset)
    repeated = np.flatnonzero(sizes[groups] > 1)
    by_group: dict[int, list[int]] = {}
    for row in repeated.tolist():
        by_group.setdefault(int(groups[row]), []).append(row)
    copies = sorted(by_group.values(), key=lambda rows: (-len(rows), rows[0]))
    conflicts = [rows for rows in copies if len(set(dataset.labels[rows].tolist())) > 1]
    return {
        "exact_duplicates": {
            "distinct": len(sizes),
            "redundant": len(dataset) - len(sizes),
            "groups": [_describe(dataset, rows) for rows in copies],
            "within_split": _redundant_within(dataset, groups),
            "across_splits": _across(dataset, groups),
            "leaked_into_training": int(leaked.sum()),
            "leaked_with_same_label": _same_label(dataset, groups, leaked),
        },
        "label_conflicts": {
            "images": len(conflicts),
            "rows": sum(map(len, conflicts)),
            "pairs": _conflict_pairs(dataset, conflicts),
            "groups": [_describe(dataset, rows) for rows in conflicts],
        },
    }


def _redundant_within(dataset: Dataset, groups: NDArray[np.intp]) -> dict[str, int]:
    inside = {split: groups[dataset.split == split] for split in SPLITS}
    return {split: len(rows) - len(np.unique(rows)) for split, rows in inside.items()}


def _across(dataset: Dataset, groups: NDArray[np.intp]) -> list[dict[str, Any]]:
    """Count, for each pair of splits, the images of the later split that are also in the earlier one."""
    pairs = [("PrivateTest", "Training"), ("PublicTest", "Training"), ("PrivateTest", "PublicTest")]
    return [
        {
            "images_of": images_of,
            "stand_in": stand_in,
            "images": int(np.isin(groups[dataset.split == images_of], groups[dataset.split == stand_in]).sum()),
        }
        for images_of, stand_in in pairs
    ]


def _same_label(dataset: Dataset, groups: NDArray[np.intp], leaked: NDArray[np.bool_]) -> int:
    """Count leaked rows whose copy in Training has the same label, so that memorizing it gives the answer."""
    training = dataset.split == "Training"
    known = set(zip(groups[training].tolist(), dataset.labels[training].tolist(), strict=True))
    return sum(row in known for row in zip(groups[leaked].tolist(), dataset.labels[leaked].tolist(), strict=True))


def _conflict_pairs(dataset: Dataset, conflicts: Sequence[Sequence[int]]) -> list[dict[str, Any]]:
    pairs: Counter[tuple[str, ...]] = Counter()
    for rows in conflicts:
        pairs[tuple(sorted(set(dataset.labels[list(rows)].tolist())))] += 1
    return [{"labels": list(labels), "images": n} for labels, n in sorted(pairs.items(), key=lambda p: (-p[1], p[0]))]


def find_lookalikes(dataset: Dataset) -> dict[str, Any]:
    """Find near-duplicates among the distinct images."""
    distinct = np.unique(image_groups(dataset.images), return_index=True)[1]
    near = find_near_duplicates(dataset.images, np.sort(distinct))
    splits = dataset.split[near.first], dataset.split[near.second]
    labels_differ = dataset.labels[near.first] != dataset.labels[near.second]
    return {
        "near_duplicates": {
            "method": METHOD,
            "threshold": CORRELATION,
            "complete": near.complete,
            "pairs": len(near.first),
            "mirrored": int(near.mirrored.sum()),
            "pairs_across_splits": int((splits[0] != splits[1]).sum()),
            "pairs_with_different_labels": int(labels_differ.sum()),
            "images": len(np.union1d(near.first, near.second)),
            "stand_in_training": {split: _near_training(near, splits, split) for split in SPLITS[1:]},
            "examples": _examples(dataset, near),
        }
    }


def _near_training(near: NearDuplicates, splits: tuple[NDArray[np.str_], NDArray[np.str_]], split: str) -> int:
    """Count the distinct images of a split that have a near-duplicate in Training."""
    one = near.first[(splits[0] == split) & (splits[1] == "Training")]
    other = near.second[(splits[1] == split) & (splits[0] == "Training")]
    return len(np.union1d(one, other))


def _examples(dataset: Dataset, near: NearDuplicates) -> list[dict[str, Any]]:
    firsts, seconds = _describe(dataset, near.first), _describe(dataset, near.second)
    return [
        {"images": [first, second], "correlation": round(float(correlation), 4), "mirrored": bool(mirrored)}
        for first, second, correlation, mirrored in zip(firsts, seconds, near.correlation, near.mirrored, strict=True)
    ]


def find_people(dataset: Dataset) -> dict[str, Any]:
    """People and sequences, and those that are in two splits; null where the data set does not state them."""
    return {"people": _shared(dataset, dataset.groups), "sequences": _shared(dataset, dataset.sequence)}


def _shared(dataset: Dataset, names: NDArray[np.str_] | None) -> dict[str, Any] | None:
    if names is None:
        return None
    inside = {split: np.unique(names[dataset.split == split]) for split in SPLITS}
    pairs = [("PrivateTest", "Training"), ("PublicTest", "Training"), ("PrivateTest", "PublicTest")]
    across = []
    for images_of, stand_in in pairs:
        both = np.intersect1d(inside[images_of], inside[stand_in])
        rows = (dataset.split == images_of) & np.isin(names, both)
        across.append(
            {"images_of": images_of, "stand_in": stand_in, "shared": both.tolist(), "images": int(rows.sum())}
        )
    return {
        "count": len(np.unique(names)),
        "per_split": {split: len(found) for split, found in inside.items()},
        "across_splits": across,
    }


def count_sizes(shapes: NDArray[np.int32]) -> list[dict[str, int]]:
    """Count the original sizes in pixels, most frequent first."""
    sizes, counts = np.unique(shapes, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return [{"width": int(sizes[k, 0]), "height": int(sizes[k, 1]), "images": int(counts[k])} for k in order]


def _describe(dataset: Dataset, rows: Sequence[int] | NDArray[np.intp]) -> list[dict[str, Any]]:
    return [
        {"row": int(r), "id": str(dataset.ids[r]), "label": str(dataset.labels[r]), "split": str(dataset.split[r])}
        for r in rows
    ]
