"""Measure recognizers on corrupted test images, one record for each recognizer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.store import environment, write_record_file
from ferbench.benchmarks.stress.corruptions import CORRUPTIONS, SEVERITIES, corrupt, find_points
from ferbench.datasets import Dataset
from ferbench.models import LoadedBundle, get_recipe, load_bundle
from ferbench.models.bundles import recognizer_sha256
from ferbench.utils import load_average, resize_faces, spread_rows

SCHEMA = 1
Record = dict[str, Any]


@dataclass(frozen=True, eq=False)
class StressData:
    """Images, labels and landmarks of the split that is corrupted.

    Attributes
    ----------
    name, fingerprint, split : str
    drawn : bool
    images : ndarray of shape (n_images, height, width), uint8
    labels : ndarray of shape (n_images,), str
    landmarks : ndarray of shape (n_images, 68, 2), float32
        Exact ones where the data set has them, else located by ferbench's landmark model.
    """

    name: str
    fingerprint: str
    split: str
    drawn: bool
    images: NDArray[np.uint8]
    labels: NDArray[np.str_]
    landmarks: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        *,
        split: str | None = None,
        limit: int | None = None,
        per_label: int | None = None,
        seed: int = 0,
    ) -> "StressData":
        """Take the split that may be used: the test part of drawn faces, PublicTest of photographs.

        Parameters
        ----------
        dataset : Dataset
        split : str, optional
            Another split than the usual one. PrivateTest of photographs is refused.
        limit : int, optional
            Only this many images, at equal distances: data sets are often sorted by label.
        per_label : int, optional
            At most this many images of each label, drawn at random.
        seed : int, default=0
            Seed of that draw.

        Raises
        ------
        ValueError
            If PrivateTest of photographs is asked for, or the split or a number of images does not fit.
        """
        split = split or ("PrivateTest" if dataset.drawn else "PublicTest")
        if split == "PrivateTest" and not dataset.drawn:
            raise ValueError(
                f"stress does not open PrivateTest of {dataset.name}: only `ferbench score-final` does; use PublicTest"
            )
        for option, number in (("--limit", limit), ("--per-label", per_label)):
            if number is not None and number < 1:
                raise ValueError(f"{option} must be at least 1 image; got {number}")
        rows = _some_of_each(dataset.labels, spread_rows(dataset.rows(split), limit), per_label, seed)
        if not len(rows):
            raise ValueError(f"{dataset.name} has no images in {split}; name another split")
        images = np.asarray(dataset.images[rows])
        landmarks = find_points(images) if dataset.landmarks is None else dataset.landmarks[rows]
        return cls(dataset.name, dataset.fingerprint, split, dataset.drawn, images, dataset.labels[rows], landmarks)

    def about(self) -> Record:
        """What a record and a page say about the data."""
        plain = {"name": self.name, "fingerprint": self.fingerprint, "split": self.split, "drawn": self.drawn}
        return {**plain, "n_images": len(self.images)}


def run_stress(
    bundles: Mapping[str, Path],
    data: StressData,
    folder: Path,
    *,
    seed: int = 0,
    kinds: Sequence[str] = tuple(CORRUPTIONS),
    on_step: Callable[[str], None] = lambda text: None,
) -> list[Record]:
    """Measure every recognizer on clean and on corrupted images; a record is written for each to ``runs``.

    Parameters
    ----------
    bundles : mapping of str to Path
        Folders by name.
    data : StressData
    folder : Path
        Folder of the results.
    seed : int, default=0
        Seed of the corruptions.
    kinds : sequence of str
        Corruptions; by default all.
    on_step : callable
        Called before each step with what it does; there are ``1 + 5 * len(kinds)``.

    Returns
    -------
    list of dict

    Raises
    ------
    ValueError
        If a bundle does not answer with the labels of the data.
    """
    loaded = {name: load_bundle(path).without_calibration() for name, path in bundles.items()}
    for name, bundle in loaded.items():
        check_labels(name, bundle, data)
    on_step("clean")
    started = datetime.now(UTC).isoformat(timespec="seconds")
    clean = {name: _right(bundle, data.images, data.labels) for name, bundle in loaded.items()}
    right: dict[str, dict[str, list[int]]] = {name: {} for name in loaded}
    for kind in kinds:
        for severity in SEVERITIES:
            on_step(f"{kind} {severity}")
            images = corrupt(data.images, kind, severity, landmarks=data.landmarks, seed=seed)
            for name, bundle in loaded.items():
                right[name].setdefault(kind, []).append(_right(bundle, images, data.labels))
    records: list[Record] = []
    for name, bundle in loaded.items():
        record = {
            **{"schema": SCHEMA, "name": name, "place": len(records), "session": started},
            **{"seed": seed, "dataset": data.about()},
            "recognizer": describe_bundle(bundle),
            "most_common": int(np.unique(data.labels, return_counts=True)[1].max()),
            **{"right_clean": clean[name], "right": right[name]},
            "levels": {kind: list(CORRUPTIONS[kind].levels) for kind in kinds},
            "environment": environment(),
            "load": load_average(),
        }
        write_record_file(folder / "runs" / f"{_file_name(name)}.json", record)
        records.append(record)
    return records


def describe_bundle(bundle: LoadedBundle) -> Record:
    """Recipe, side, checksum and training data of a bundle; it is on the deep side if a network was trained for it."""
    info = bundle.info
    data = info.get("dataset", {})
    return {
        "recipe": bundle.name,
        "side": "deep" if _has_network(bundle) else "classical",
        "sha256": recognizer_sha256(info),
        "trained_on": {key: data.get(key) for key in ("name", "fingerprint", "drawn")},
    }


def _has_network(bundle: LoadedBundle) -> bool:
    """Whether a network was trained for a bundle. A classical recipe that was compiled has only the form of one."""
    try:
        classical = get_recipe(bundle.name).family == "classical"
    except ValueError:
        classical = False
    return not classical and any(file.endswith(".onnx") for file in bundle.info["files"])


def check_labels(name: str, bundle: LoadedBundle, data: StressData) -> None:
    """Raise ValueError where a recognizer does not know each label of the data."""
    if missing := sorted(set(data.labels.tolist()) - set(bundle.classes_.tolist())):
        raise ValueError(
            f"{name} does not know the labels {', '.join(missing)} of {data.name}; rename or drop them with --labels"
        )


def _some_of_each(labels: NDArray[np.str_], rows: NDArray[np.intp], number: int | None, seed: int) -> NDArray[np.intp]:
    """Return at most `number` random rows of each label, in their order; all without a number."""
    if number is None:
        return rows
    mixed = np.random.default_rng(seed).permutation(rows)
    kept = [mixed[labels[mixed] == label][:number] for label in np.unique(labels[rows])]
    return np.sort(np.concatenate([*kept, rows[:0]]))


def _right(bundle: LoadedBundle, images: NDArray[np.uint8], labels: NDArray[np.str_]) -> int:
    return int((bundle.predict(resize_faces(images, bundle.image_shape)) == labels).sum())


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "+-_." else "_" for letter in name)
