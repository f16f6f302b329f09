"""Define the task of recognizing expressions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ferbench import datasets
from ferbench.benchmarks import scores as metrics
from ferbench.benchmarks.tasks.task import Predict, Task
from ferbench.datasets import SPLITS, Dataset

if TYPE_CHECKING:
    from ferbench.benchmarks.fit import Fitted
    from ferbench.benchmarks.store import Suite


class Expressions(Task):
    """Task of expression recognizers, which predict the probability of each label for each face."""

    name = "expressions"
    folder = ""
    companion = "probabilities"
    validation, test = "PublicTest", "PrivateTest"
    figure_name = "accuracy"
    columns = ("images", "labels", "split")

    def _load(self, source: str, suite: "Suite", options: dict[str, Any]) -> Dataset:
        return datasets.load(source, size=suite.size, seed=suite.dataset_seed, **options)

    def handed(self, dataset: Dataset) -> tuple[str, ...]:
        """Return :attr:`columns`, and the people where they are known."""
        return self.columns if dataset.groups is None else (*self.columns, "groups")

    def check(self, dataset: Dataset) -> None:
        """Raise ValueError if a split is empty or has a label that is not in Training."""
        present = {split: set(dataset.labels[dataset.rows(split)].tolist()) for split in SPLITS}
        for split in SPLITS:
            if not present[split]:
                raise ValueError(f"{dataset.name}: {split} has no image; a suite needs all of {', '.join(SPLITS)}")
            if unseen := present[split] - present["Training"]:
                raise ValueError(
                    f"{dataset.name}: {split} has images of {', '.join(sorted(unseen))} and Training has none; "
                    "add some there or leave the class out"
                )

    def counts(self, dataset: Dataset) -> dict[str, Any]:
        """Return the number of images by split, and by split and label."""
        counts = {
            split: {
                str(label): int(n)
                for label, n in zip(*np.unique(dataset.labels[dataset.rows(split)], return_counts=True), strict=True)
            }
            for split in SPLITS
        }
        found = {"counts": {split: sum(of.values()) for split, of in counts.items()}, "class_counts": counts}
        if dataset.groups is None:
            return found
        # Of the people who are known in Training, on whom calibrations are drawn.
        people = np.unique(dataset.groups[dataset.rows("Training")])
        return found | {"training_people": int((people != "").sum())}

    def rows(self, dataset: Dataset) -> dict[str, Any]:
        """Ids, labels and leak flags; values of the group columns, and then people as numbers, where there are any."""
        leaked = datasets.find_leaks(dataset)
        arrays: dict[str, Any] = {"fingerprint": np.array(dataset.fingerprint)}
        for split in (self.validation, self.test):
            rows = dataset.rows(split)
            arrays[f"{split}_ids"] = np.asarray(dataset.ids)[rows]
            arrays[f"{split}_labels"] = np.asarray(dataset.labels)[rows]
            arrays[f"{split}_leaked"] = leaked[rows]
            if dataset.attributes:
                arrays |= _groups(dataset, split, rows)
        return arrays

    def restore(self, arrays: Mapping[str, Any], fingerprint: str) -> Dataset:
        """Return the data set without its ids."""
        labels, split = np.array(arrays["labels"]), np.array(arrays["split"])
        people = np.array(arrays["groups"]) if "groups" in arrays else None
        return Dataset("data", arrays["images"], labels, split, np.zeros(len(labels), "U1"), fingerprint, groups=people)

    def predict(self, fitted: "Fitted", dataset: Dataset) -> tuple[dict[str, Any], dict[str, Any], float]:
        """Return probabilities in the order of ``classes``, with their scores."""
        classes = [str(name) for name in fitted.recognizer.classes_]
        images, labels = dataset.part(self.validation)
        found, seconds = fitted.predict_proba(self.validation, images)
        scores = {self.validation: metrics.score(labels, found, classes).as_dict()}
        return {"classes": np.array(classes), self.validation: found}, scores, seconds

    def figure(self, arrays: Mapping[str, NDArray[Any]], dataset: Dataset) -> float:
        """Return the accuracy."""
        labels = dataset.labels[dataset.rows(self.validation)]
        predicted = arrays["classes"][arrays[self.validation].argmax(axis=1)]
        return float(np.mean(predicted == labels))

    def blind(self, fitted: "Fitted", images: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """Return probabilities in the order of the recognizer's classes."""
        return fitted.predict_proba(self.test, images)

    def open_test(
        self, answers: NDArray[np.float32], classes: Sequence[str], dataset: Dataset
    ) -> tuple[NDArray[np.floating], dict[str, Any]]:
        """Return the unchanged probabilities and their scores."""
        labels = dataset.labels[dataset.rows(self.test)]
        if answers.shape != (len(labels), len(classes)):
            raise ValueError(
                f"predict_proba gave an array of shape {answers.shape} for {self.test}; "
                f"expected {(len(labels), len(classes))}"
            )
        return answers, metrics.score(labels, answers, list(classes)).as_dict()

    def answer(self, recognizer: Any) -> Predict:
        """Probabilities."""
        predict: Predict = recognizer.predict_proba
        return predict

    def tolerance(self, dataset: Dataset) -> float:
        """In probability."""
        return 1e-3

    def outputs(self, recognizer: Any, dataset: Dataset) -> dict[str, Any]:
        """The classes."""
        return {"classes": [str(name) for name in recognizer.classes_]}


def _groups(dataset: Dataset, split: str, rows: NDArray[np.intp]) -> dict[str, NDArray[Any]]:
    """What a report needs for the accuracy by group: a column for each group column, and the number of the person."""
    values = [np.asarray(column)[rows] for column in dataset.attributes.values()]
    found: dict[str, NDArray[Any]] = {
        "group_columns": np.array(list(dataset.attributes)),
        f"{split}_groups": np.stack(values, axis=1),
    }
    if dataset.groups is not None and (dataset.groups != "").all():
        found[f"{split}_people"] = np.unique(dataset.groups, return_inverse=True)[1][rows].astype(np.int32)
    return found
