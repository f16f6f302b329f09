"""Recipes, extractors and classifiers."""

import warnings
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from ferbench import features, models
from ferbench.cli.listing.part import OURS, Part, first_sentence, make_part, packages_of, problem_of

if TYPE_CHECKING:
    from ferbench.models import Recipe


def extractors() -> list[Part]:
    """Return every extractor."""
    added = packages_of("ferbench.extractors", "extractor")
    packages = {name: plugin.package for name, plugin in added.items() if name not in features.BUILT_IN}
    return [_made(name, make, packages.get(name, OURS)) for name, make in features.extractors().items()]


def classifiers() -> list[Part]:
    """Return every classifier of feature rows."""
    added = packages_of("ferbench.classifiers", "classifier")
    found = []
    for name, steps in models.classifier_steps().items():
        # Built-in names cannot be taken: the function of a plug-in says by its arguments that it is one.
        plugin = added.get(name)
        package = plugin.package if plugin is not None and plugin in getattr(steps, "args", ()) else OURS
        found.append(_made(name, partial(_last_step, steps), package))
    return found


def _last_step(steps: Callable[[], list[tuple[str, Any]]]) -> Any:
    return steps()[-1][1]


def recipes() -> list[Part]:
    """Return every named recipe, and the recipes of other packages that cannot be used."""
    added = packages_of("ferbench.recipes", "recipe")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # each broken one gets a line of its own below
        known = models.recipes()
    broken = [
        Part(name, "cannot be used", plugin.package, problem=_recipe_problem(plugin.load))
        for name, plugin in added.items()
        if name not in known
    ]
    packages = {name: plugin.package for name, plugin in added.items()}
    return [_recipe(recipe, packages.get(name, OURS), name) for name, recipe in known.items()] + broken


def needs_of(recipe: "Recipe") -> tuple[str, ...]:
    """Return the extras that fitting a recipe needs."""
    networks = recipe.family == "deep" or recipe.name.partition("@")[0].startswith("points-net")
    return ("deep",) if networks else ()


def _made(name: str, make: Callable[[], Any], package: str) -> Part:
    try:
        return make_part(name, first_sentence(type(make())), package=package)
    except Exception as error:  # whatever another package raises must not keep the others from being listed
        return Part(name, "cannot be used", package, problem=problem_of(error))


def _recipe(recipe: "Recipe", package: str, name: str) -> Part:
    try:
        recipe.make()
    except Exception as error:  # as above
        return Part(name, recipe.family, package, problem=problem_of(error))
    return make_part(name, recipe.family, package=package, needs=needs_of(recipe) if package == OURS else ())


def _recipe_problem(load: Callable[[], Any]) -> str:
    try:
        made = load()
    except ImportError as error:
        return problem_of(error)
    return f"is no ferbench.models.Recipe but {type(made).__name__}"
