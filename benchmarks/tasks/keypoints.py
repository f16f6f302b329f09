"""The task of finding key points: fifteen points in pixels."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferbench import datasets
from ferbench.benchmarks.scores import interocular_distance, score_points
from ferbench.benchmarks.tasks.task import Predict, Task
from ferbench.datasets import POINT_SPLITS, PointDataset

if TYPE_CHECKING:
    from ferbench.benchmarks.fit import Fitted
    from ferbench.benchmarks.store import Suite

# Of the image's side; half of what a hundredth of the distance between the eyes is.
_TOLERANCE = 0.002


class KeyPoints(Task):
    """Regressors give each face its points.

    What is kept is the error of each point, not the points: with the distance between the eyes it gives every figure,
    and the marks of a data set that is not ours to publish stay with it.
    """

    name = "keypoints"
    folder = "keypoints"
    companion = "errors"
    validation, test = "Validation", "Test"
    columns = ("images", "points", "split", "groups")
    families = ("keypoints",)
    one_core = True

    def _load(self, source: str, suite: "Suite", options: dict[str, Any]) -> PointDataset:
        return datasets.load_points(source, size=suite.size, seed=suite.dataset_seed, **options)

    def check(self, dataset: PointDataset) -> None:
        """Raise where a split is empty, or a person stands in two."""
        people = {split: set(dataset.groups[dataset.rows(split)].tolist()) for split in POINT_SPLITS}
        for split in POINT_SPLITS:
            if not people[split]:
                needed = ", ".join(POINT_SPLITS)
                raise ValueError(f"{dataset.name}: {split} has no image; a suite needs all of {needed}")
            for other in POINT_SPLITS:
                if other != split and (shared := people[split] & people[other]):
                    raise ValueError(
                        f"{dataset.name}: {sorted(shared)[0]} stands in {split} and in {other}; split by person"
                    )

    def counts(self, dataset: PointDataset) -> dict[str, Any]:
        """Images and people by split, and how often each point is marked in Training."""
        rows = {split: dataset.rows(split) for split in POINT_SPLITS}
        marked = np.isfinite(dataset.points[rows["Training"]]).all(axis=2).sum(axis=0)
        return {
            "counts": {split: len(of) for split, of in rows.items()},
            "people": {split: len(set(dataset.groups[of].tolist())) for split, of in rows.items()},
            "marked": {name: int(n) for name, n in zip(dataset.names, marked, strict=True)},
        }

    def rows(self, dataset: PointDataset) -> dict[str, Any]:
        """Who is the same person, and the distance between the eyes in pixels; no names and no points."""
        arrays: dict[str, Any] = {
            "fingerprint": np.array(dataset.fingerprint),
            "points": np.array(dataset.names),
            "side": np.array(dataset.images.shape[1]),
        }
        for split in (self.validation, self.test):
            arrays[f"{split}_people"], arrays[f"{split}_interocular"] = _people_and_distances(dataset, split)
        return arrays

    def restore(self, arrays: Mapping[str, Any], fingerprint: str) -> PointDataset:
        """The data set without its ids."""
        points, split, groups = (np.array(arrays[name]) for name in ("points", "split", "groups"))
        return PointDataset("data", arrays["images"], points, split, groups, np.zeros(len(split), "U1"), fingerprint)

    def predict(self, fitted: "Fitted", dataset: PointDataset) -> tuple[dict[str, Any], dict[str, Any], float]:
        """Errors (found less marked) in pixels, NaN where nothing is marked."""
        found, seconds = fitted.predict(self.validation, dataset.part(self.validation)[0])
        errors, scores = _compare(found, dataset, self.validation)
        return {self.validation: errors}, {self.validation: scores}, seconds

    def blind(self, fitted: "Fitted", images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """Points in pixels."""
        return fitted.predict(self.test, images)

    def open_test(
        self, answers: NDArray[np.float32], classes: Sequence[str], dataset: PointDataset
    ) -> tuple[NDArray[np.floating], dict[str, Any]]:
        """Errors in pixels, and their figures."""
        return _compare(answers, dataset, self.test)

    def answer(self, recognizer: Any) -> Predict:
        """Points."""
        predict: Predict = recognizer.predict
        return predict

    def tolerance(self, dataset: PointDataset) -> float:
        """In pixels."""
        return _TOLERANCE * dataset.images.shape[1]

    def outputs(self, recognizer: Any, dataset: PointDataset) -> dict[str, Any]:
        """The points."""
        return {"points": list(dataset.names)}


def _compare(
    found: NDArray[np.float32], dataset: PointDataset, split: str
) -> tuple[NDArray[np.floating], dict[str, Any]]:
    """Errors of the points of one split, and their figures."""
    images, points = dataset.part(split)
    if found.shape != points.shape or not np.isfinite(found).all():
        got = "NaN or infinite points" if found.shape == points.shape else f"an array of shape {found.shape}"
        raise ValueError(f"predict gave {got}; expected finite points of shape {points.shape}, in pixels")
    people, distances = _people_and_distances(dataset, split)
    errors = found - points
    return errors, score_points(errors, distances, people, images.shape[1]).as_dict()


def _people_and_distances(dataset: PointDataset, split: str) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    rows = dataset.rows(split)
    people = np.unique(dataset.groups[rows], return_inverse=True)[1]
    return people, interocular_distance(dataset.points[rows], dataset.names)
