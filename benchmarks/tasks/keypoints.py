"""Define the task of finding fifteen key points of a face."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferbench import datasets
from ferbench.benchmarks.scores import face_errors, interocular_distance, score_points
from ferbench.benchmarks.tasks.task import Predict, Task
from ferbench.datasets import POINT_SPLITS, PointDataset

if TYPE_CHECKING:
    from ferbench.benchmarks.fit import Fitted
    from ferbench.benchmarks.store import Suite

# Fraction of the image size, about half a percent of the distance between the eyes.
_TOLERANCE = 0.002


class KeyPoints(Task):
    """Task of regressors that predict the points of each face.

    The store keeps the error of each point, not the points. All scores follow from the errors and the distances between
    the eyes, and the annotations of a data set are not published.
    """

    name = "keypoints"
    folder = "keypoints"
    companion = "errors"
    validation, test = "Validation", "Test"
    figure_name = "NME"
    columns = ("images", "points", "split", "groups")
    families = ("keypoints",)
    one_core = True

    def _load(self, source: str, suite: "Suite", options: dict[str, Any]) -> PointDataset:
        return datasets.load_points(source, size=suite.size, seed=suite.dataset_seed, **options)

    def check(self, dataset: PointDataset) -> None:
        """Raise ValueError if a split is empty or a person is in two splits."""
        people = {split: set(dataset.groups[dataset.rows(split)].tolist()) for split in POINT_SPLITS}
        for split in POINT_SPLITS:
            if not people[split]:
                needed = ", ".join(POINT_SPLITS)
                raise ValueError(f"{dataset.name}: {split} has no image; a suite needs all of {needed}")
            for other in POINT_SPLITS:
                if other != split and (shared := people[split] & people[other]):
                    raise ValueError(
                        f"{dataset.name}: {sorted(shared)[0]} is in {split} and in {other}; split by person"
                    )

    def counts(self, dataset: PointDataset) -> dict[str, Any]:
        """Return the number of images and people by split, and of annotations of each point in Training."""
        rows = {split: dataset.rows(split) for split in POINT_SPLITS}
        marked = np.isfinite(dataset.points[rows["Training"]]).all(axis=2).sum(axis=0)
        return {
            "counts": {split: len(of) for split, of in rows.items()},
            "people": {split: len(set(dataset.groups[of].tolist())) for split, of in rows.items()},
            "marked": {name: int(n) for name, n in zip(dataset.names, marked, strict=True)},
        }

    def rows(self, dataset: PointDataset) -> dict[str, Any]:
        """Return the number of the person and the eye distance in pixels, without names and points."""
        arrays: dict[str, Any] = {
            "fingerprint": np.array(dataset.fingerprint),
            "points": np.array(dataset.names),
            "side": np.array(dataset.images.shape[1]),
        }
        for split in (self.validation, self.test):
            arrays[f"{split}_people"], arrays[f"{split}_interocular"] = _people_and_distances(dataset, split)
        return arrays

    def restore(self, arrays: Mapping[str, Any], fingerprint: str) -> PointDataset:
        """Return the data set without its ids."""
        points, split, groups = (np.array(arrays[name]) for name in ("points", "split", "groups"))
        return PointDataset("data", arrays["images"], points, split, groups, np.zeros(len(split), "U1"), fingerprint)

    def predict(self, fitted: "Fitted", dataset: PointDataset) -> tuple[dict[str, Any], dict[str, Any], float]:
        """Return errors (predicted minus annotated) in pixels, NaN for points without annotation, and scores."""
        found, seconds = fitted.predict(self.validation, dataset.part(self.validation)[0])
        errors, scores = _compare(found, dataset, self.validation)
        return {self.validation: errors}, {self.validation: scores}, seconds

    def figure(self, arrays: Mapping[str, NDArray[Any]], dataset: PointDataset) -> float:
        """Return the normalized mean error, as a fraction of the distance between the eyes."""
        _, distances = _people_and_distances(dataset, self.validation)
        errors = face_errors(arrays[self.validation], distances)
        known = errors[np.isfinite(errors)]
        return float(known.mean()) if len(known) else np.nan

    def blind(self, fitted: "Fitted", images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """Return points in pixels."""
        return fitted.predict(self.test, images)

    def open_test(
        self, answers: NDArray[np.float32], classes: Sequence[str], dataset: PointDataset
    ) -> tuple[NDArray[np.floating], dict[str, Any]]:
        """Return errors in pixels and their scores."""
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
    """Return the errors of the points of one split and their scores."""
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
