"""Load a data set by path or by name."""

import os
from collections.abc import Callable
from importlib.metadata import EntryPoint

import numpy as np

from ferbench.datasets.base import Dataset, Problems, parse_mapping
from ferbench.datasets.faces import make_faces
from ferbench.datasets.protocols import check_labels, keep_labels, map_labels
from ferbench.datasets.readers.opening import (
    BUILT_IN,
    expected_labels,
    open_source,
    read_source,
    refuse_missing,
)
from ferbench.utils import entry_points

GROUP = "ferbench.datasets"
# Options that apply to any source on disk; others, such as the number of drawn faces, belong to one source.
ANY_SOURCE = ("labels", "split_names", "allow_unreadable")


def load(
    source: str | os.PathLike[str], *, size: int = 48, seed: int = 0, layout: str | None = None, **options: object
) -> Dataset:
    """Load labeled faces with their split.

    Parameters
    ----------
    source : str or path
        One of

        - a folder of images ``<split>/<label>/…`` or ``<label>/…``, such as FER2013 unpacked; FER2013's file
          names (``PublicTest_….jpg``) define the official split;
        - a zip of such a folder, read without unpacking;
        - a FER2013 CSV with the columns ``emotion,pixels,Usage`` or ``emotion,pixels``, optionally packed with gzip, or
          a folder, zip or ``.tar.gz`` that contains one;
        - ``"faces"``: the built-in drawn faces (a folder of that name is ``"./faces"``);
        - the path of a data set in a layout of its own, with the layout's name before it (``"jaffe:faces/jaffe"``) or
          in `layout`; ``ferbench data list`` names the layouts;
        - the name of a data set that another package provides, see :func:`loaders`.
    size : int, default=48
        Height and width in pixels; images of another size or shape are resized to this square.
    seed : int, default=0
        Seed for held-out parts and for drawn faces.
    layout : str, optional
        Name of the layout of a data set, such as ``"ckplus"``.
    **options : object
        ``labels=[...]`` keeps the images of these labels only, for any source. A mapping renames, merges and drops
        labels: ``labels={"anger": "angry", "contempt": "drop"}``, the same as text (``"anger=angry,contempt=drop"``)
        or the path of a TOML file. ``allow_missing=True`` accepts a split without some label.
        ``allow_unreadable=True`` accepts a source with a split of its own of which some images cannot be read; like
        those of other sources they are left out and counted in `notes`. ``split_names={"Training": "tr"}``, the same as
        text (``"Training=tr,PrivateTest=te"``), says which folder or Usage is which split where the names are not the
        usual ones; ``none=NAME`` is no split, and ``drop=NAME`` is left out. For ``"faces"``: ``n_samples``,
        ``difficulty`` and ``n_people``, passed to :func:`make_faces`. A layout has options of its own.

    Returns
    -------
    Dataset
        Gray images; for sources on disk, a read-only memory map of a file in :func:`cache_dir`.

    Raises
    ------
    FileNotFoundError
        If the path does not exist.
    ValueError
        When the source holds no labeled faces, something unreadable, a label that is an unexplained number, or a split
        in which a label is missing.

    See Also
    --------
    known_layouts : Data sets whose layout on disk is known.
    make_folds : Divide a data set by person or at random.

    Examples
    --------
    >>> from ferbench.datasets import load
    >>> faces = load("faces", n_samples=70, labels=["happy", "sad"])
    >>> X, y = faces.part("Training")
    >>> X.shape[1:], sorted(set(y.tolist()))
    ((48, 48), ['happy', 'sad'])
    """
    if not isinstance(size, int | np.integer) or not 8 <= size <= 1024:
        raise ValueError(f"size must be an integer from 8 to 1024 pixels; got {size!r}")
    wanted, mapping = _wanted(options.pop("labels", None))
    allow_missing = options.pop("allow_missing", False)
    if isinstance(source, str) and layout is None and (loader := loaders().get(source)) is not None:
        dataset = loader(size=size, seed=seed, **options)
        if mapping is not None:
            dataset = map_labels(dataset, mapping)
            _refuse_single(dataset, source, allowed=bool(allow_missing))
        return dataset if wanted is None else keep_labels(dataset, check_labels(wanted, dataset.label_names))
    allow_unreadable = options.pop("allow_unreadable", False)
    problems = Problems(str(source), allow_unreadable=bool(allow_unreadable))
    opened = open_source(source, mapping, layout=layout, options=options)
    dataset, _ = read_source(opened, size, seed, problems)
    if wanted is not None:
        wanted = check_labels(wanted, dataset.label_names)
    if not allow_missing:
        refuse_missing(dataset, source, wanted or expected_labels(dataset, opened))
    _refuse_single(dataset, source, allowed=bool(allow_missing))
    return dataset if wanted is None else keep_labels(dataset, wanted)


def _refuse_single(dataset: Dataset, source: object, *, allowed: bool) -> None:
    if len(dataset.label_names) < 2 and not allowed:
        raise ValueError(f"{source}: expected images of at least two labels; got {dataset.label_names[0]!r} alone")


def _wanted(labels: object) -> tuple[object, dict[str, str] | None]:
    """What the option `labels` asks for: labels to keep, or a mapping."""
    if labels is None or isinstance(labels, list | tuple):
        return labels, None
    if (mapping := parse_mapping(labels)) is not None:
        return None, mapping
    if isinstance(labels, str) and "," in labels:
        return [label.strip() for label in labels.split(",")], None
    return check_labels(labels), None


def loaders() -> dict[str, Callable[..., Dataset]]:
    """Return the named data sets: the built-in ones and those of the entry-point group ``ferbench.datasets``.

    An entry point refers to a function that takes the keywords ``size`` and ``seed`` and its own options, and returns a
    :class:`Dataset`. It is imported when its name is loaded. Built-in names cannot be replaced.
    """
    found = {point.name: _third_party(point) for point in entry_points(group=GROUP)}
    return {**found, BUILT_IN: _load_faces}


def _third_party(point: EntryPoint) -> Callable[..., Dataset]:
    def loader(**options: object) -> Dataset:
        try:
            function = point.load()
        except Exception as error:
            package = point.dist.name if point.dist else "unknown"
            raise ImportError(f"data set {point.name!r} of package {package} cannot be loaded: {error}") from error
        return function(**options)

    return loader


def _load_faces(*, size: int, seed: int, **options: object) -> Dataset:
    if unknown := sorted(options.keys() - {"n_samples", "difficulty", "n_people"}):
        raise ValueError(f"{BUILT_IN}: unknown option {unknown[0]!r}; expected n_samples or difficulty or n_people")
    return make_faces(size=size, random_state=seed, **options)  # type: ignore[arg-type]
