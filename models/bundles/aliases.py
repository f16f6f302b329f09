"""Translate old names in bundles, suites and records to current names.

A skops file identifies a type by module and class. New bundles use the public name (``ferbench.models.SVM``), so they
stay valid if a module moves. Older bundles contain the module in which the class was defined; the tables in this module
translate these names when a bundle is loaded.
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
#: Full name of a type in older bundles -> its public name.
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
#: Deprecated names of parameters that suites and `make_recipe` accept for one more release, like the old values above.
PARAMETERS: Mapping[str, str] = {"recogniser": "recognizer"}


def renamed_parameters(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return old name -> new name of the parameters with deprecated names, such as ``recogniser__classifier__C``."""
    found = {}
    for name in parameters:
        parts = [PARAMETERS.get(part, part) for part in name.split("__")]
        if (new := "__".join(parts)) != name:
            found[name] = new
    return found


def renamed_values(owners: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return the current values of the parameters that have a deprecated one, such as ``classifier__scaling="centre"``.

    Parameters
    ----------
    owners : mapping of str to object
        Estimators by the names of their parameters without the last part; the recognizer has the name ``""``.
    parameters : mapping of str to object
        Parameters with their current names.
    """
    found = {}
    for name, value in parameters.items():
        owner, _, attribute = name.rpartition("__")
        for kind in type(owners.get(owner)).__mro__:
            table = VALUES.get(public_name(f"{kind.__module__}.{kind.__qualname__}", VALUES), {})
            if isinstance(value, str) and value in table.get(attribute, {}):
                found[name] = table[attribute][value]
    return found


def public_name(full: str, known: Mapping[str, Any] | frozenset[str]) -> str:
    """Return the public name of a type, given its current or former module; other names are returned unchanged.

    Parameters
    ----------
    full : str
        Module and class, such as ``ferbench.models.classifiers.svm.SVM``.
    known : collection of str
        Public names of all types.
    """
    if full in TYPES:
        return TYPES[full]
    parts = full.split(".")
    door = ".".join([*parts[:2], parts[-1]])
    return door if parts[0] == "ferbench" and door in known else full


# --- One name for one network -----------------------------------------------------------------------------------------
#: Former name -> current name of the recipes (also in records, teachers and members) that got a size in their name.
RECIPES: Mapping[str, str] = {
    "ferbench-net": "ferbench-net-m",
    "pretrained@ferbench-net-flip": "pretrained@ferbench-net-l-flip",
    "pretrained@ferbench-net-ten-crop": "pretrained@ferbench-net-l-ten-crop",
}
#: Former name -> current name of shipped bundles. The large network used to ship under the name of the medium network.
#: The former name means the float32 network and not the default, which is the same network in 8-bit integers: suites
#: and records name it as a teacher, a member or the source of features, and int8 weights cannot be trained further.
#: One name has one meaning everywhere, so predictions use the float32 network as well; commands print its current name.
BUNDLES: Mapping[str, str] = {"ferbench-net": "ferbench-net-l"}
# First day on which it did.
_LARGE_SHIPS = "2026-11-22"
# Last part of the names of parameters that contain names of bundles.
_MEMBERS = ("teachers", "bundles", "bundle")


def recipe_name(name: str) -> str:
    """Return the current name of a recipe, also for a variant (``@``) and for the members of a vote.

    Examples
    --------
    >>> from ferbench.models import recipe_name
    >>> recipe_name("ferbench-net@fast"), recipe_name("vote:ferbench-net,hog+svm"), recipe_name("hog+svm")
    ('ferbench-net-m@fast', 'vote:ferbench-net-m,hog+svm', 'hog+svm')
    """
    return _replaced(name, RECIPES)


def former_recipe_name(name: str) -> str:
    """Return the original name of a recipe; cell ids are computed from it, so older records stay valid."""
    return _replaced(name, {new: old for old, new in RECIPES.items()})


def bundle_name(name: str) -> str:
    """Return the current name of a shipped bundle; other names and paths are returned unchanged."""
    return BUNDLES.get(name, name)


def measured_bundle(name: str, session: str) -> str:
    """Return the current name of a bundle that was measured under a name in a session.

    Parameters
    ----------
    name : str
        Name in the record. The network of another size shipped as ``ferbench-net`` until 2026-11-22.
    session : str
        When it was measured, as in ISO 8601.

    Examples
    --------
    >>> from ferbench.models.bundles import measured_bundle
    >>> measured_bundle("ferbench-net", "2026-11-20T17:34:37+00:00"), measured_bundle("hog+svm", "2026-11-20")
    ('ferbench-net-m', 'hog+svm')
    """
    return recipe_name(name) if session < _LARGE_SHIPS else bundle_name(name)


def with_members(params: Mapping[str, Any], rename: Callable[[str], str]) -> dict[str, Any]:
    """Return the parameters with `rename` applied to each name of a bundle in them."""

    def renamed(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [renamed(part) for part in value]
        return rename(value) if isinstance(value, str) else value

    return {name: renamed(value) if name.rpartition("__")[2] in _MEMBERS else value for name, value in params.items()}


def with_recipe_names(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a record for display, with the current names of recipe and architecture.

    The record is not changed. Names of bundles in its parameters are kept, since their meaning depends on the other
    recipes of the suite.
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
