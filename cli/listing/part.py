"""Name and description of one part that a command accepts by name."""

import inspect
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ferbench import utils

if TYPE_CHECKING:
    from ferbench.utils import Plugin

OURS = "ferbench"


@dataclass(frozen=True)
class Part:
    """A recipe, a suite, a data set, a detector, a model, a metric, an extractor or a classifier.

    Attributes
    ----------
    name : str
        How the command line and suites call it.
    about : str
        What it is, in a few words.
    package : str
        The package that adds it.
    needs : tuple of str
        Extras of ferbench that it needs.
    problem : str
        Why it cannot be used here, with the remedy; empty where it can.
    """

    name: str
    about: str = ""
    package: str = OURS
    needs: tuple[str, ...] = ()
    problem: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "needs": list(self.needs), "available": not self.problem}


def make_part(name: str, about: str, *, package: str = OURS, needs: Iterable[str] = (), problem: str = "") -> Part:
    """Make a part, and look up whether the extras that it needs are installed."""
    needed = tuple(needs)
    if not problem and (missing := utils.missing_packages(needed)):
        problem = f"{', '.join(missing)} not installed: {utils.install_command(needed)}"
    return Part(name, about, package, needed, problem)


def packages_of(group: str, kind: str) -> "dict[str, Plugin]":
    """Return the plug-ins of a group of entry points by name; none of them is imported."""
    return dict(sorted(utils.find_plugins(group, kind).items()))


def first_sentence(value: object) -> str:
    """Return the first line of the docstring of an object or a class, without markup."""
    text = (inspect.getdoc(value) or "").partition("\n")[0]
    return text.replace("``", "").replace(":class:", "").replace("`", "").rstrip(".")


def problem_of(error: Exception) -> str:
    """Return an error as one line."""
    return " ".join(str(error).split()) or type(error).__name__
