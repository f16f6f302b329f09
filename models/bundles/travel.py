"""Check whether a recognizer can be saved as a bundle; the error of one that cannot names the remedy."""

from typing import Any

from ferbench.models.base import parts_of
from ferbench.models.bundles.loaded import LoadedBundle


def check_can_travel(recognizer: Any) -> None:
    """Raise ValueError unless the recognizer is fitted and does not only refer to existing bundles."""
    name = type(recognizer).__name__
    if reason := getattr(recognizer, "cannot_travel", None):
        raise ValueError(f"a {name} cannot be saved: {reason}")
    if isinstance(recognizer, LoadedBundle):
        raise ValueError(f"this is a bundle already; copy its folder {recognizer.path}")
    if loaded := [part for part in parts_of(recognizer) for part in getattr(part, "members_", [])]:
        folders = [str(part.path) for part in loaded if isinstance(part, LoadedBundle)]
        if folders and not hasattr(recognizer, "write_model"):
            raise ValueError(f"a {name} of bundles cannot be saved again; copy the folders {', '.join(folders)}")
    kinds = ("point_names", "predict_proba", "model_", "shape_predictor_")
    if not any(hasattr(recognizer, kind) for kind in kinds):
        raise ValueError(
            f"{name} is no recognizer, since it has no predict_proba; give a fitted classifier of images, such as "
            f"make_recipe('hog+svm').fit(images, labels)"
        )
    if not (hasattr(recognizer, "point_names") or hasattr(recognizer, "classes_")):
        raise ValueError(f"this {name} is not fitted; call fit before save_bundle")
