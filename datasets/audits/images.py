"""Audit a data set of labeled faces: find problems that would distort a benchmark."""

import base64
import json
import os
from collections.abc import Callable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.datasets.audits import plots
from ferbench.datasets.audits.findings import (
    count_classes,
    count_sizes,
    find_copies,
    find_lookalikes,
    find_people,
    measure_grays,
)
from ferbench.datasets.base import SPLITS, Dataset, Problems, parse_mapping
from ferbench.datasets.readers import BUILT_IN, load, open_source, read_source
from ferbench.utils import atomic_file, check_outputs, write_atomically

SCHEMA = 1
_FIGURES = ("classes", "copies", "brightness", "sizes", "mean_faces", "samples", "conflicts", "near_duplicates")
FILES = ("audit.json", "audit.md", "audit.html", *(f"{name}.png" for name in _FIGURES))


def audit(
    dataset_or_source: Dataset | str | os.PathLike[str],
    output_dir: str | os.PathLike[str],
    *,
    faces: bool = True,
    size: int = 48,
    seed: int = 0,
    labels: object = None,
    split_names: object = None,
) -> dict[str, Any]:
    """Audit a data set and write ``audit.json``, ``audit.md``, ``audit.html`` and PNG figures.

    Unlike :func:`load`, the audit does not stop at unreadable files, unknown labels or missing classes. It
    lists them.

    Parameters
    ----------
    dataset_or_source : Dataset, str or path
        A loaded data set, or a source for :func:`load`.
    output_dir : str or path
        Folder for the pages; created if it does not exist.
    faces : bool, default=True
        Whether the pages show faces of the data set. If False, they contain only numbers, plots and averages
        of at least 25 faces. Such pages may be published even if the faces may not.
    size : int, default=48
        Height and width, in pixels, to which images are resized before they are compared and shown.
    seed : int, default=0
        Seed for held-out parts and for the choice of shown faces.
    labels : mapping, str or path, optional
        New label by old one, as :func:`load` takes it.
    split_names : mapping or str, optional
        Which folder is which split, as :func:`load` takes it.

    Returns
    -------
    dict
        The content of ``audit.json``.

    Raises
    ------
    ValueError, OSError
        If the source has no images, the folder cannot be written, or a page would replace a file of the source.
    """
    output = Path(output_dir)
    check_outputs(dataset_or_source, [output / name for name in FILES])
    output.mkdir(parents=True, exist_ok=True)
    dataset, shapes, problems = _read(dataset_or_source, size, seed, labels, split_names)
    findings = _describe(dataset, faces) | _unreadable(problems) | {"sizes": _sizes(dataset, shapes)}
    for find in (count_classes, measure_grays, find_copies, find_people, find_lookalikes):
        findings |= find(dataset)
    findings["figures"] = _write_figures(dataset, findings, output, faces, seed)
    write_text(output / "audit.json", json.dumps(findings, indent=1) + "\n")
    for page in ("audit.md", "audit.html"):
        write_text(output / page, render(page, findings, output))
    return findings


def _read(
    dataset_or_source: Dataset | str | os.PathLike[str], size: int, seed: int, labels: object, split_names: object
) -> tuple[Dataset, NDArray[np.int32] | None, Problems | None]:
    if isinstance(dataset_or_source, Dataset):
        return dataset_or_source, None, None
    mapping = parse_mapping(labels)
    if labels is not None and mapping is None:
        raise ValueError(f"labels must be a mapping, such as anger=angry,contempt=drop; got {labels!r}")
    if dataset_or_source == BUILT_IN:
        given = {"labels": mapping, "split_names": split_names}
        options: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        return load(dataset_or_source, size=size, seed=seed, **options), None, None
    problems = Problems(str(dataset_or_source), collect=True)
    opened = open_source(
        dataset_or_source, mapping, options={} if split_names is None else {"split_names": split_names}
    )
    dataset, shapes = read_source(opened, size, seed, problems)
    return dataset, shapes, problems


def _describe(dataset: Dataset, faces: bool) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "drawn": dataset.drawn,
        "notes": list(dataset.notes),
        "images": len(dataset),
        "faces_shown": faces,
        "splits": list(SPLITS),
    }


def _unreadable(problems: Problems | None) -> dict[str, Any]:
    """Return the rows that were left out; None (unknown) if a loaded data set was given."""
    if problems is None:
        return {"unreadable": None}
    return {"unreadable": [{"id": row, "reason": reason} for row, reason in problems.found]}


def _sizes(dataset: Dataset, shapes: NDArray[np.int32] | None) -> dict[str, Any]:
    height, width = dataset.images.shape[1:]
    return {"compared_at": [width, height], "original": None if shapes is None else count_sizes(shapes)}


def _write_figures(dataset: Dataset, findings: dict[str, Any], output: Path, faces: bool, seed: int) -> dict[str, str]:
    """Draw the figures. Delete face figures of an earlier audit, so that none is published by mistake."""
    several_sizes = len(findings["sizes"]["original"] or []) > 1
    wanted: dict[str, Callable[[], Any] | None] = {
        "classes": lambda: plots.plot_classes(findings),
        "copies": lambda: plots.plot_copies(findings),
        "brightness": lambda: plots.plot_brightness(findings),
        "sizes": (lambda: plots.plot_sizes(findings)) if several_sizes else None,
        "mean_faces": lambda: plots.plot_mean_faces(dataset, faces=faces),
        "samples": (lambda: plots.plot_samples(dataset, seed)) if faces else None,
        "conflicts": (lambda: plots.plot_conflicts(dataset, findings))
        if faces and findings["label_conflicts"]["groups"]
        else None,
        "near_duplicates": (lambda: plots.plot_lookalikes(dataset, findings))
        if faces and findings["near_duplicates"]["pairs"]
        else None,
    }
    for name, plot in wanted.items():
        if plot is None:
            (output / f"{name}.png").unlink(missing_ok=True)
        else:
            save_figure(plot(), output / f"{name}.png")
    return {name: f"{name}.png" for name, plot in wanted.items() if plot is not None}


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure as PNG, atomically."""
    with atomic_file(path, durable=False) as part:
        figure.savefig(part, format="png", dpi=130, metadata={"Software": None})


def write_text(path: Path, text: str) -> None:
    """Write a page, atomically."""
    write_atomically(path, text.encode("utf-8", errors="replace"))  # file names need not be valid UTF-8


def render(page: str, findings: dict[str, Any], output: Path) -> str:
    """Fill the template of a page; figures are embedded in the HTML page."""
    template = _templates(page.endswith(".html")).get_template(f"{page}.jinja")
    return str(template.render(findings, embed=lambda name: _embed(output / name)))


@cache
def _templates(autoescape: bool) -> Any:
    """Return the templates of the pages; each is compiled once."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = lambda value: f"{value:,}"
    environment.filters["percent"] = lambda value: "" if value is None else f"{100 * value:.1f} %"
    environment.filters["cell"] = lambda text: str(text).replace("|", r"\|").replace("\n", " ").replace("<", r"\<")
    return environment


def _template(name: str) -> str:
    return resources.files("ferbench.datasets.audits").joinpath("templates", name).read_text("utf-8")


def _embed(path: Path) -> str:
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
