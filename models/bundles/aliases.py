"""Old names in bundles and in suites, and the names that they have today.

A skops file names the types inside it by module and class. Bundles written today name them by the public door
(``ferbench.models.SVM``), so that moving a module breaks no bundle. Older bundles name the module that the class was
defined in; the tables here translate them when a bundle is loaded.
"""

from collections.abc import Callable, Mapping
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


# --- One name for one network -----------------------------------------------------------------------------------------
#: Recipes, and with them records, teachers and members: name before the networks had sizes in their names -> name.
RECIPES: Mapping[str, str] = {
    "ferbench-net": "ferbench-net-m",
    "pretrained@ferbench-net-flip": "pretrained@ferbench-net-l-flip",
    "pretrained@ferbench-net-ten-crop": "pretrained@ferbench-net-l-ten-crop",
}
#: Bundles that ship. The large network shipped under the name of the medium one.
BUNDLES: Mapping[str, str] = {"ferbench-net": "ferbench-net-l"}
# Last part of the parameters that name bundles, each of which may be a recipe's.
_MEMBERS = ("teachers", "bundles", "bundle")


def recipe_name(name: str) -> str:
    """Today's name of a recipe; a variant (``@``) and the members of a vote keep theirs otherwise.

    Examples
    --------
    >>> from ferbench.models import recipe_name
    >>> recipe_name("ferbench-net@fast"), recipe_name("vote:ferbench-net,hog+svm"), recipe_name("hog+svm")
    ('ferbench-net-m@fast', 'vote:ferbench-net-m,hog+svm', 'hog+svm')
    """
    return _replaced(name, RECIPES)


def former_recipe_name(name: str) -> str:
    """Name that a recipe had first: cell ids are made of it, so that older records stay valid."""
    return _replaced(name, {new: old for old, new in RECIPES.items()})


def bundle_name(name: str) -> str:
    """Today's name of a shipped bundle; other names and paths stay as they are."""
    return BUNDLES.get(name, name)


def with_members(params: Mapping[str, Any], rename: Callable[[str], str]) -> dict[str, Any]:
    """Parameters with `rename` applied to each name of a bundle in them."""

    def renamed(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [renamed(part) for part in value]
        return rename(value) if isinstance(value, str) else value

    return {name: renamed(value) if name.rpartition("__")[2] in _MEMBERS else value for name, value in params.items()}


def with_recipe_names(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record as it is shown: recipe and architecture by their names of today.

    The record itself is never edited, and neither are the names of the bundles in its parameters: what they meant
    depends on what was measured beside it.
    """
    if not isinstance(record.get("recipe"), dict):
        return dict(record)
    recipe = dict(record["recipe"])
    if isinstance(recipe.get("name"), str):
        recipe["name"] = recipe_name(recipe["name"])
    for part in ("params", "all_params"):
        if isinstance(table := recipe.get(part), dict) and table.get("architecture") in RECIPES:
            recipe[part] = {**table, "architecture": RECIPES[table["architecture"]]}
    return {**record, "recipe": recipe}


def _replaced(name: str, table: Mapping[str, str]) -> str:
    if name in table:
        return table[name]
    kind, colon, rest = name.partition(":")
    if colon and kind in ("mirror", "stack", "vote"):
        return f"{kind}:{','.join(_replaced(part, table) for part in rest.split(','))}"
    plain, at, variant = name.partition("@")
    return f"{table.get(plain, plain)}{at}{variant}"
