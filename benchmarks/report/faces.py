"""Provide single images for a report that is not published, or for one about drawn faces."""

import numpy as np

from ferbench import datasets
from ferbench.benchmarks import tables
from ferbench.benchmarks.pages import load_again, refuse_other
from ferbench.benchmarks.report.results import Results
from ferbench.datasets import Dataset


class Pictures:
    """The images of the scored split as data URIs, by row.

    Parameters
    ----------
    dataset : Dataset
        The data on which the results were measured.
    results : Results

    Raises
    ------
    ValueError
        If it is not the measured data: another fingerprint, or other images in the scored split.
    """

    def __init__(self, dataset: Dataset, results: Results) -> None:
        refuse_other(dataset, results)
        self._rows = dataset.rows(results.split)
        if not np.array_equal(dataset.ids[self._rows].astype(str), results.ids[results.split]):
            raise ValueError(
                f"{dataset.name}: the images of {results.split} have other names than in {results.root / 'rows.npz'}; "
                "name the source that 'ferbench run' was given"
            )
        self._images = dataset.images

    def uri(self, row: int) -> str:
        """Return one image as a ``data:`` URI of a PNG."""
        return tables.picture_url(self._images[self._rows[row]])


def load_source(results: Results, source: str) -> Dataset:
    """Load a source with the size, seed and options of the suite."""
    dataset: Dataset = load_again(results, source, datasets.load, results.suite.get("size", 48))
    return dataset
