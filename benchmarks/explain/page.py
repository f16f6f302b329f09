"""Write one offline page that explains the answers of recognizers on one image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.explain.class_activation import ClassActivation
from ferbench.benchmarks.explain.neighbors import Neighbors, nearest
from ferbench.benchmarks.explain.occlusion import occlusion_maps
from ferbench.benchmarks.explain.views import enlarged, extractor_views, heat_on
from ferbench.benchmarks.tables import picture_url, write_text
from ferbench.datasets import Dataset
from ferbench.models import LoadedBundle
from ferbench.utils import resize_face

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, eq=False)
class Explanation:
    """What explains the answer of one recognizer.

    Attributes
    ----------
    name, label : str
    probabilities : list of (str, float)
        By falling probability.
    occlusion : ndarray of shape (height, width)
        See :func:`occlusion_maps`.
    cam : ndarray of shape (height, width), or None
        Grad-CAM, where it is available.
    no_cam : str
        Why there is none.
    views : mapping of str to ndarray
        See :func:`extractor_views`.
    neighbors : Neighbors or None
    image : ndarray of shape (height, width), uint8
        The image as the recognizer gets it.
    """

    name: str
    label: str
    probabilities: list[tuple[str, float]]
    occlusion: NDArray[np.float64]
    cam: NDArray[np.float64] | None
    no_cam: str
    views: Mapping[str, NDArray[np.uint8]]
    neighbors: Neighbors | None
    image: NDArray[np.uint8]


def explain_image(
    bundle: LoadedBundle,
    image: NDArray[np.uint8],
    *,
    name: str | None = None,
    dataset: Dataset | None = None,
    limit: int | None = None,
) -> Explanation:
    """Explain the answer of one recognizer on one cropped gray face.

    Parameters
    ----------
    bundle : LoadedBundle
    image : ndarray of shape (height, width), uint8
    name : str, optional
        By default that of the recipe.
    dataset : Dataset, optional
        Training data, for the nearest images.
    limit : int, optional
        Look only at the first training images.
    """
    face = resize_face(image, bundle.image_shape)
    proba = bundle.predict_proba(face[None])[0]
    best = np.array([proba.argmax()])
    cam, no_cam = None, ""
    try:
        cam = ClassActivation(bundle).maps(face[None], best)[0]
    except (ValueError, ImportError) as error:
        no_cam = str(error)
    order = np.argsort(-proba, kind="stable")
    return Explanation(
        name=name or bundle.name,
        label=str(bundle.classes_[best[0]]),
        probabilities=[(str(bundle.classes_[place]), float(proba[place])) for place in order],
        occlusion=occlusion_maps(bundle, face[None], best)[0],
        cam=cam,
        no_cam=no_cam,
        views=extractor_views(bundle, face),
        neighbors=None if dataset is None else nearest(bundle, face, dataset, limit=limit),
        image=face,
    )


def write_explanation(explanations: list[Explanation], title: str, path: Path) -> Path:
    """Write the page of one image: one file that needs no network; it shows the image, so it is for its owner.

    Parameters
    ----------
    explanations : list of Explanation
    title : str
        Name of the image.
    path : Path
        HTML file to write.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)
    parts = [_part(each) for each in explanations]
    page = templates.get_template("explain.html.j2").render(title=title, parts=parts)
    write_text(path, page)
    return path


def _part(explanation: Explanation) -> dict[str, Any]:
    fall = float(np.abs(explanation.occlusion).max())
    pictures = [
        ("the image", enlarged(explanation.image)),
        (f"covered: up to {fall:.2f} of probability", heat_on(explanation.image, explanation.occlusion, fall)),
    ]
    if explanation.cam is not None:
        pictures.append(("Grad-CAM", heat_on(explanation.image, explanation.cam, float(explanation.cam.max()))))
    pictures += list(explanation.views.items())
    near = explanation.neighbors
    return {
        "name": explanation.name,
        "label": explanation.label,
        "probabilities": explanation.probabilities,
        "no_cam": explanation.no_cam,
        "pictures": [(caption, picture_url(picture)) for caption, picture in pictures],
        "space": near.space if near else "",
        "neighbors": []
        if near is None
        else [
            (picture_url(image), label, id_, f"{distance:.2f}")
            for image, label, id_, distance in zip(near.images, near.labels, near.ids, near.distances, strict=True)
        ],
    }
