"""Old names in bundles and in suites, and the names that they have today.

A skops file names the types inside it by module and class. Bundles written today name them by the public door
(``ferbench.models.SVM``), so that moving a module breaks no bundle. Older bundles name the module that the class was
defined in; the tables here translate them when a bundle is loaded.
"""

from collections.abc import Mapping
from typing import Any

_FEATURES = {
    "_gabor": "GaborExtractor",
    "_hog": "HOGExtractor",
    "_hog_multi": "MultiHOGExtractor",
    "_landmarks": "LandmarkExtractor",
    "_lbp": "LBPExtractor",
    "_mirror": "MirrorViews",
    "_patches": "PatchExtractor",
    "_pixels": "PixelExtractor",
    "_sift": "SIFTExtractor",
}
_MODELS = {
    "_calibrated": "Calibrated",
    "_deep_features": "DeepExtractor",
    "_forest": "Forest",
    "_kernel_ridge": "KernelRidge",
    "_keypoint_features": "KeypointExtractor",
    "_knn": "KNN",
    "_local_svm": "LocalSVM",
    "_mirrored": "Mirrored",
    "_nystroem": "NystroemMap",
    "_points_mean": "MeanShape",
    "_stack": "Stack",
    "_svm": "SVM",
    "_tree": "Tree",
    "_vote": "Vote",
}
#: Full name of a type in bundles of ferbench before its modules moved -> its public name.
TYPES: Mapping[str, str] = {
    f"ferbench.{folder}.{module}.{kind}": f"ferbench.{folder}.{kind}"
    for folder, table in (("features", _FEATURES), ("models", _MODELS))
    for module, kind in table.items()
}
#: Public name of a type -> its attributes, old name -> new name.
ATTRIBUTES: Mapping[str, Mapping[str, str]] = {
    "ferbench.models.Mirrored": {"recogniser": "recognizer", "recogniser_": "recognizer_"},
}
#: Public name of a type -> attribute -> its values, old -> new.
VALUES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    f"ferbench.models.{kind}": {"scaling": {"centre": "center"}} for kind in ("KernelRidge", "KNN", "NystroemMap")
}
#: Parameters that suites and `make_recipe` may still name as before, for one release.
PARAMETERS: Mapping[str, str] = {"recogniser": "recognizer"}


def renamed_parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Old name -> new name of the parameters that hold an old name, such as ``recogniser__classifier__C``."""
    found = {}
    for name in parameters:
        parts = [PARAMETERS.get(part, part) for part in name.split("__")]
        if (new := "__".join(parts)) != name:
            found[name] = new
    return found


def public_name(full: str, known: Mapping[str, Any] | frozenset[str]) -> str:
    """Public name of a type by the name of the module that defines or defined it; other names stay as they are.

    Parameters
    ----------
    full : str
        Module and class, such as ``ferbench.models.classifiers.svm.SVM``.
    known : collection of str
        The public names that there are.
    """
    if full in TYPES:
        return TYPES[full]
    parts = full.split(".")
    door = ".".join([*parts[:2], parts[-1]])
    return door if parts[0] == "ferbench" and door in known else full
