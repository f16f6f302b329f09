"""Make the built-in data set: drawn, labeled faces with exact landmarks."""

from collections.abc import Callable, Iterator
from functools import partial

import cv2
import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

from ferbench.datasets.base import LABELS, LARGE_BYTES, Dataset, content_fingerprint
from ferbench.datasets.faces.camera import background, expose, light_head, shading
from ferbench.datasets.faces.drawing import Painter, fixed_point, paint_cover
from ferbench.datasets.faces.geometry import curve_slices, face_shapes
from ferbench.datasets.faces.sampling import sample_faces
from ferbench.datasets.faces.stored import draw_on_disk
from ferbench.datasets.protocols import FRACTIONS, split_people, stratified_split

_BATCH = 64
_CANVAS = 144  # minimum width of the canvas in pixels: three times that of a 48 x 48 image


def make_faces(
    n_samples: int = 2000,
    *,
    size: int = 48,
    random_state: int | None = None,
    difficulty: float = 0.5,
    n_people: int | None = None,
    n_jobs: int | None = None,
) -> Dataset:
    """Draw labeled faces with their exact 68 landmarks.

    Each face has a random identity (shape, skin, hair, age, glasses, beard), pose, lighting, blur and noise. Its
    expression consists of facial action units after EMFACS (Friesen and Ekman, 1983) with random intensities; some
    units are missing and some are added. Some faces are partly covered. The faces are drawn, not photographed: results
    on them show how methods differ on drawings, not how they perform on people.

    Parameters
    ----------
    n_samples : int, default=2000
        Number of faces, at least 21 (three for each label, one for each split). The labels are balanced.
    size : int, default=48
        Width and height of the images in pixels, 24 to 512.
    random_state : int or None, default=None
        Seed, 0 or more. The same seed draws the same faces; face `i` does not depend on `n_samples`. None draws
        different faces each time.
    difficulty : float, default=0.5
        From 0 (frontal, strong expressions, even light) to 1 (weak and mixed expressions, turned heads, poor images).
    n_people : int, optional
        Number of people, from 3 to a seventh of `n_samples`. Each keeps the shape of the face, skin, hair, age,
        glasses and beard, and shows each expression in turn; the splits are then drawn by person. By default each
        face is another person, whom nothing names.
    n_jobs : int or None, default=None
        Processes that draw, as in joblib: None is one, -1 is all cores. The faces are the same.

    Returns
    -------
    Dataset
        Faces with `landmarks` of shape (n_samples, 68, 2) in pixels (x, y); integers are pixel centers. `drawn` is True
        and `split` is stratified 70/15/15. With `n_people` the data set has `groups`. Images of more than 256 MiB with
        a seed are drawn into the cache, once, and are read-only memory maps.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> from ferbench.datasets import make_faces
    >>> faces = make_faces(70, random_state=0)
    >>> faces.images.shape, faces.landmarks.shape, faces.drawn
    ((70, 48, 48), (70, 68, 2), True)
    """
    _check(n_samples, size, random_state, difficulty)
    people = _people(n_samples, n_people)
    seed = np.random.SeedSequence(random_state)
    labels = _labels(n_samples, seed)
    draw = partial(_draw, seed=seed, size=size, difficulty=difficulty)
    batches = partial(_drawn, draw, labels, people, n_jobs)
    if random_state is not None and n_samples * size**2 > LARGE_BYTES:
        options = (n_samples, size, random_state, float(difficulty), n_people)
        images, landmarks = draw_on_disk(options, batches)
    else:
        images = np.empty((n_samples, size, size), dtype=np.uint8)
        landmarks = np.empty((n_samples, 68, 2), dtype=np.float32)
        for rows, faces, points in batches():
            images[rows], landmarks[rows] = faces, points
    split_seed = int(seed.generate_state(1)[0])
    groups = None if people is None else np.array([f"person_{number:04d}" for number in people])
    if groups is None:
        split = stratified_split(labels, split_seed, FRACTIONS)
    else:
        split = split_people(labels, groups, split_seed, FRACTIONS, "faces")
    return Dataset(
        name="faces",
        images=images,
        labels=labels,
        split=split,
        ids=np.array([f"face_{row:06d}" for row in range(n_samples)]),
        fingerprint=content_fingerprint(images, labels, split, groups),
        landmarks=landmarks,
        drawn=True,
        notes=(
            f"drawn, not real: make_faces(n_samples={n_samples}, size={size}, random_state={random_state}, "
            f"difficulty={difficulty:g}{'' if n_people is None else f', n_people={n_people}'})",
        ),
        groups=groups,
        official_test=False,
    )


def _check(n_samples: int, size: int, random_state: int | None, difficulty: float) -> None:
    least = 3 * len(LABELS)
    for name, value, low, high in (
        ("n_samples", n_samples, least, None),
        ("size", size, 24, 512),
        ("random_state", random_state, 0, None),
    ):
        if name == "random_state" and value is None:
            continue
        limits = f"from {low} to {high}" if high else f"of at least {low}"
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low or (high and value > high):
            raise ValueError(f"{name} must be a whole number {limits}; got {value!r}")
    if isinstance(difficulty, bool) or not isinstance(difficulty, int | float | np.number) or not 0 <= difficulty <= 1:
        raise ValueError(f"difficulty must be a number from 0 (easy) to 1 (hard); got {difficulty!r}")


def _people(n_samples: int, n_people: int | None) -> NDArray[np.intp] | None:
    """Person of each face: one run of seven faces, with every label once, after the other."""
    if n_people is None:
        return None
    most, whole = n_samples // len(LABELS), isinstance(n_people, int | np.integer) and not isinstance(n_people, bool)
    if not whole or not 3 <= n_people <= most:
        raise ValueError(
            f"n_people must be a whole number from 3 to {most}, a seventh of n_samples={n_samples}; got {n_people!r}"
        )
    return np.arange(n_samples) // len(LABELS) % n_people


def _batches(n_samples: int) -> Iterator[NDArray[np.intp]]:
    for start in range(0, n_samples, _BATCH):
        yield np.arange(start, min(start + _BATCH, n_samples))


def _drawn(
    draw: Callable[..., tuple[NDArray[np.uint8], NDArray[np.float32]]],
    labels: NDArray[np.str_],
    people: NDArray[np.intp] | None,
    n_jobs: int | None,
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.uint8], NDArray[np.float32]]]:
    """Yield rows, images and landmarks batch by batch, in order."""
    batches = list(_batches(len(labels)))
    calls = (delayed(draw)(rows, labels[rows], people=None if people is None else people[rows]) for rows in batches)
    found = Parallel(n_jobs=n_jobs, return_as="generator")(calls)
    with tqdm(total=len(labels), desc="drawing faces", unit="face", disable=None, delay=2) as bar:
        for rows, (images, landmarks) in zip(batches, found, strict=True):
            yield rows, images, landmarks
            bar.update(len(rows))


def _generator(seed: np.random.SeedSequence, *key: int) -> np.random.Generator:
    return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=key))


def _labels(n_samples: int, seed: np.random.SeedSequence) -> NDArray[np.str_]:
    """Return labels in blocks of seven, each block with all labels in random order."""
    runs = -(-n_samples // len(LABELS))
    orders = [_generator(seed, 0, run).permutation(len(LABELS)) for run in range(runs)]
    return np.array(LABELS)[np.concatenate(orders)[:n_samples]]


def _draw(
    rows: NDArray[np.intp],
    labels: NDArray[np.str_],
    *,
    seed: np.random.SeedSequence,
    size: int,
    difficulty: float,
    people: NDArray[np.intp] | None,
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Draw a batch of faces; each uses its own generator, so that it depends on its row alone."""
    generators = [_generator(seed, 2, int(row)) for row in rows]
    persons = None if people is None else [_generator(seed, 3, int(person)) for person in people]
    faces = sample_faces(generators, labels, float(difficulty), persons)
    shapes = face_shapes(faces, size)
    light = shading(faces, shapes, size)
    factor = max(2, -(-_CANVAS // size))
    curves, points = fixed_point(shapes.curves, factor), fixed_point(shapes.points, factor)
    images = np.empty((len(rows), size, size), dtype=np.uint8)
    looks = zip(*(values.astype(float).tolist() for values in faces.look.values()), strict=True)
    for k, (generator, values) in enumerate(zip(generators, looks, strict=True)):
        look = dict(zip(faces.look, values, strict=True))
        canvas = background(size * factor, look, generator)
        unit = float(shapes.scale[k]) * factor
        painter = Painter(
            canvas=canvas,
            curves=curves[k],
            points=points[k],
            slices=curve_slices(),
            look=look,
            actions=faces.actions[k],
            unit=unit,
        )
        painter.paint()
        lit = light_head(canvas, curves[k, curve_slices()["face"]], light[k], look, generator)
        paint_cover(lit, look, (shapes.landmarks[k] + 0.5) * factor - 0.5, unit)
        small = cv2.resize(lit, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32)
        images[k] = expose(small, look, generator)
    return images, shapes.landmarks.astype(np.float32)
