"""Pictures of single images, for a report on the reader's own machine or about drawn faces."""

import base64

import numpy as np

from ferbench.benchmarks.report.results import TEST, Results
from ferbench.datasets.base import Dataset


class Pictures:
    """The images of PrivateTest as data URIs, by row.

    Parameters
    ----------
    dataset : Dataset
        The data the results were measured on.
    results : Results

    Raises
    ------
    ValueError
        If it is other data: another fingerprint, or other images in PrivateTest.
    """

    def __init__(self, dataset: Dataset, results: Results) -> None:
        expected = str(results.dataset.get("fingerprint"))
        if dataset.fingerprint != expected:
            raise ValueError(
                f"{dataset.name}: its fingerprint is {dataset.fingerprint[:12]}, but {results.root} was measured on "
                f"data with {expected[:12]}; name the source that 'ferbench run' was given"
            )
        self._rows = dataset.rows(TEST)
        if not np.array_equal(dataset.ids[self._rows].astype(str), results.ids[TEST]):
            raise ValueError(
                f"{dataset.name}: the images of {TEST} have other names than in {results.root / 'rows.npz'}; "
                "name the source that 'ferbench run' was given"
            )
        self._images = dataset.images

    def uri(self, row: int) -> str:
        """One image as a ``data:`` URI holding a PNG."""
        import cv2

        done, png = cv2.imencode(".png", np.ascontiguousarray(self._images[self._rows[row]]))
        if not done:
            raise RuntimeError(f"OpenCV could not encode row {row} as PNG")
        return f"data:image/png;base64,{base64.b64encode(png.tobytes()).decode()}"


def load_source(results: Results, source: str) -> Dataset:
    """Load ``source`` the way the suite did: same size, seed and options."""
    from ferbench.datasets.readers import load

    suite = results.suite
    options = dict(suite.get("options") or {})
    return load(source, size=suite.get("size", 48), seed=suite.get("dataset_seed", 0), **options)


def redraw(results: Results) -> Dataset | None:
    """Draw drawn faces again from ``suite.json``; None when they are not drawn or do not come out the same."""
    from ferbench.datasets.readers import BUILT_IN

    if not results.dataset.get("drawn") or results.suite.get("source") != BUILT_IN:
        return None
    dataset = load_source(results, BUILT_IN)
    return dataset if dataset.fingerprint == results.dataset.get("fingerprint") else None
