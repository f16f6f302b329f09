"""Flip a known share of labels, to see how many of the flips are found."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ferbench.benchmarks.label_noise.confident import LabelIssues
from ferbench.benchmarks.label_noise.folds import open_rows
from ferbench.datasets import Dataset


def flip_labels(dataset: Dataset, share: float, *, seed: int = 0) -> tuple[Dataset, NDArray[np.intp]]:
    """Give a share of the images of Training and PublicTest another label, drawn at random.

    Parameters
    ----------
    dataset : Dataset
    share : float
        From 0 to below 1.
    seed : int, default=0

    Returns
    -------
    Dataset and ndarray of int
        The data set with the flips, and their rows.

    Raises
    ------
    ValueError
        If the share is out of range.
    """
    if not 0 <= share < 1:
        raise ValueError(f"--flip must be a fraction from 0 to below 1; got {share}")
    random, rows = np.random.default_rng(seed), open_rows(dataset)
    flipped = np.sort(random.choice(rows, round(share * len(rows)), replace=False))
    names = np.array(dataset.label_names)
    labels = dataset.labels.copy()
    for row in flipped:
        labels[row] = random.choice(names[names != labels[row]])
    note = f"{len(flipped):,} labels were flipped at random, seed {seed}"
    return replace(dataset, labels=labels, votes=None, notes=(*dataset.notes, note)), flipped


def found_flips(issues: Mapping[str, LabelIssues], is_flip: NDArray[np.bool_]) -> pd.DataFrame:
    """How many of the flips each recipe finds, and how many of what it suspects are flips.

    Parameters
    ----------
    issues : mapping of str to LabelIssues
    is_flip : ndarray of shape (n_rows,), bool

    Returns
    -------
    DataFrame
        Columns ``recipe, n_flips, n_suspicious, recall, precision``; the last row, ``all of them``, is for images that
        every recipe suspects. ``precision`` of chance is the share of flips among the images.
    """
    found = {name: each.suspicious for name, each in issues.items()}
    if len(found) > 1:
        found["all of them"] = np.all(list(found.values()), axis=0)
    rows = [
        {
            "recipe": name,
            "n_flips": int(is_flip.sum()),
            "n_suspicious": int(mask.sum()),
            "recall": float(mask[is_flip].mean()) if is_flip.any() else np.nan,
            "precision": float(is_flip[mask].mean()) if mask.any() else np.nan,
        }
        for name, mask in found.items()
    ]
    return pd.DataFrame(rows, columns=["recipe", "n_flips", "n_suspicious", "recall", "precision"])
