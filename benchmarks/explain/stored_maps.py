"""Store mean maps beside the results of a suite, and read them for its report."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.explain.mean_maps import MIN_FACES, mean_maps
from ferbench.benchmarks.explain.regions import shares_of
from ferbench.benchmarks.pages import slug
from ferbench.benchmarks.store import environment, save_arrays
from ferbench.benchmarks.stress import StressData, describe_bundle
from ferbench.models import LoadedBundle
from ferbench.utils import atomic_file, finished_files, parse_json, read_arrays

MEAN_MAPS = "mean_maps"
SPLIT = "PublicTest"
SCHEMA = 1
_POINTS = (68, 2)
_REMEDY = "remove it, or write it again with 'ferbench explain --suite'"


@dataclass(frozen=True, eq=False)
class StoredMaps:
    """Mean maps of one recognizer on the validation split of a suite. They hold averages only.

    Attributes
    ----------
    name : str
        The recognizer.
    about : mapping
        ``dataset`` (with ``split``, ``n_images`` and ``n_split``, the images of the split), ``sample`` (``per_label``
        and ``seed``; null if all images were used), ``recognizer`` (with ``recipe`` and ``sha256``), ``environment``.
    labels : tuple of str
    counts : ndarray of shape (n_labels,), int
        Images of each label.
    faces : ndarray of shape (n_labels, height, width), uint8
        Mean face of each label.
    landmarks : ndarray of shape (n_labels, 68, 2)
        Mean landmarks of each label in pixels.
    maps : mapping of str to ndarray of shape (n_labels, height, width)
        By method: ``occlusion`` and, where available, ``Grad-CAM``.
    """

    name: str
    about: Mapping[str, Any]
    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    faces: NDArray[np.uint8]
    landmarks: NDArray[np.float32]
    maps: Mapping[str, NDArray[np.float64]]

    def rows(self) -> list[dict[str, Any]]:
        """One row for each method and label: images, largest value, and its share in each region of the face."""
        return [
            {
                "recognizer": self.name,
                "method": method,
                "label": label,
                "images": int(self.counts[place]),
                "largest": float(values[place].max()),
                **shares_of(values[place], self.landmarks[place]),
            }
            for method, values in self.maps.items()
            for place, label in enumerate(self.labels)
        ]


def store_mean_maps(
    bundles: Mapping[str, LoadedBundle],
    data: StressData,
    root: Path,
    *,
    n_split: int,
    sample: Mapping[str, int] | None = None,
    on_step: Callable[[str], None] = lambda text: None,
) -> list[StoredMaps]:
    """Compute the mean maps of recognizers and write ``mean_maps/NAME.npz`` for each.

    Parameters
    ----------
    bundles : mapping of str to LoadedBundle
    data : StressData
        Images of ``PublicTest``: all, or a random sample.
    root : Path
        Folder of the results.
    n_split : int
        Number of images of the split.
    sample : mapping, optional
        ``per_label`` and ``seed`` of the sample.
    on_step : callable
        Called before each recognizer.

    Raises
    ------
    ValueError
        If the images are of another split, a label has fewer than 25 of them, or a recognizer does not fit them.
    """
    if data.split != SPLIT:
        raise ValueError(f"mean maps beside results must be of {SPLIT}, the split for choices; got {data.split}")
    found, _ = mean_maps(bundles, data, on_step=on_step)
    labels, counts = np.unique(data.labels, return_counts=True)
    parts = [data.labels == label for label in labels]
    stored = []
    for name, bundle in bundles.items():
        about = {
            "schema": SCHEMA,
            "name": name,
            "sample": None if sample is None else dict(sample),
            "dataset": {**data.about(), "n_split": n_split},
            "recognizer": describe_bundle(bundle),
            "environment": environment(),
        }
        maps = {
            each.method: np.stack([each.maps[str(label)] for label in labels]) for each in found if each.name == name
        }
        faces = np.stack([np.rint(data.images[part].mean(axis=0)) for part in parts]).astype(np.uint8)
        points = np.stack([data.landmarks[part].mean(axis=0) for part in parts]).astype(np.float32)
        kept = StoredMaps(name, about, tuple(map(str, labels)), counts, faces, points, maps)
        _write(kept, root / MEAN_MAPS / f"{slug(name)}.npz")
        stored.append(kept)
    return stored


def read_mean_maps(root: Path, fingerprint: str, classes: Sequence[str]) -> list[StoredMaps]:
    """Read the mean maps beside some results, by file name; an empty list if there are none.

    Parameters
    ----------
    root : Path
        Folder of the results.
    fingerprint : str
        Fingerprint of the data that was measured.
    classes : sequence of str
        Labels of the results; those of the maps get this order.

    Raises
    ------
    ValueError
        If a file is damaged, or of other data, another split or too few images; the message names it.
    """
    return [
        _checked(path, read_arrays(path, _REMEDY), fingerprint, classes)
        for path in finished_files(root / MEAN_MAPS, "*.npz")
    ]


def _write(kept: StoredMaps, path: Path) -> None:
    # Three significant digits are enough for a picture and a table, and keep the file small.
    arrays: dict[str, NDArray[Any]] = {f"map {name}": values.astype(np.float16) for name, values in kept.maps.items()}
    arrays |= {"labels": np.array(kept.labels), "counts": kept.counts, "faces": kept.faces, "landmarks": kept.landmarks}
    with atomic_file(path) as part:
        save_arrays(part, {"about": np.array(json.dumps(kept.about, sort_keys=True)), **arrays})


def _checked(path: Path, arrays: Mapping[str, NDArray[Any]], fingerprint: str, classes: Sequence[str]) -> StoredMaps:
    """Make the maps of a file; raise ValueError if it is damaged or foreign."""
    try:
        about = parse_json(str(arrays["about"][()]), "its description")
        dataset, recognizer, sample = about["dataset"], about["recognizer"], about["sample"]
        described = all(isinstance(text, str) for text in (about["name"], recognizer["recipe"], recognizer["sha256"]))
        described &= all(isinstance(dataset[key], int) for key in ("n_images", "n_split"))
        described &= sample is None or all(isinstance(sample[key], int) for key in ("per_label", "seed"))
        split, schema, measured = str(dataset["split"]), about["schema"], str(dataset["fingerprint"])
        maps = {name.removeprefix("map "): values for name, values in arrays.items() if name.startswith("map ")}
        labels, counts, faces, landmarks = (arrays[key] for key in ("labels", "counts", "faces", "landmarks"))
        whole = described and _fits(labels, counts, faces, landmarks, maps)
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise ValueError(f"{path}: damaged mean maps ({error}); {_REMEDY}") from error
    if not whole or schema != SCHEMA:
        raise ValueError(f"{path}: expected mean maps of schema {SCHEMA} with arrays that fit together; {_REMEDY}")
    if measured != fingerprint:
        raise ValueError(
            f"{path}: its maps are of data with the fingerprint {measured[:12]}, these results of {fingerprint[:12]}; "
            f"{_REMEDY}"
        )
    if split != SPLIT or counts.min() < MIN_FACES:
        raise ValueError(
            f"{path}: expected averages over at least {MIN_FACES} images of {SPLIT} for each label; got "
            f"{counts.min()} of {split}; {_REMEDY}"
        )
    if not set(labels.tolist()) <= set(classes):
        raise ValueError(f"{path}: its labels are {', '.join(labels)}, these results have others; {_REMEDY}")
    order = sorted(range(len(labels)), key=lambda place: list(classes).index(str(labels[place])))
    return StoredMaps(
        name=about["name"],
        about=about,
        labels=tuple(str(labels[place]) for place in order),
        counts=counts[order],
        faces=faces[order],
        landmarks=landmarks[order],
        maps={name: values[order].astype(np.float64) for name, values in maps.items()},
    )


def _fits(
    labels: NDArray[Any],
    counts: NDArray[Any],
    faces: NDArray[Any],
    landmarks: NDArray[Any],
    maps: Mapping[str, NDArray[Any]],
) -> bool:
    """Whether the arrays are of the right kinds and shapes, and finite."""
    n = len(labels)
    kinds = (labels.dtype.kind, counts.dtype.kind, faces.dtype.name, landmarks.dtype.kind)
    return (
        n > 0
        and labels.ndim == 1
        and len(set(labels.tolist())) == n
        and kinds == ("U", "i", "uint8", "f")
        and (faces.ndim, counts.shape, landmarks.shape) == (3, (n,), (n, *_POINTS))
        and bool(np.isfinite(landmarks).all())
        and faces.shape[0] == n
        and min(faces.shape) > 0
        and "occlusion" in maps
        and all(v.dtype.kind == "f" and v.shape == faces.shape and np.isfinite(v).all() for v in maps.values())
    )
