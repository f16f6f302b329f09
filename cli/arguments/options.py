"""Convert parsed arguments into typed options, and define what several commands share: options and a progress bar."""

import argparse
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, TypeVar

T = TypeVar("T")


def read_options(kind: type[T], args: argparse.Namespace) -> T:
    """Return an instance of the dataclass `kind`, each field set to the argument of the same name."""
    return kind(**{field.name: getattr(args, field.name) for field in fields(kind)})  # type: ignore[arg-type]


def command(kind: type[T], function: Callable[[T], int]) -> Callable[[argparse.Namespace], int]:
    """Return the callable for the parser: it calls `function` with the options as the dataclass `kind`.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Options:
    ...     name: str
    >>> command(Options, lambda options: len(options.name))(argparse.Namespace(name="hog", traceback=False))
    3
    """

    def call(args: argparse.Namespace) -> int:
        try:
            return function(read_options(kind, args))
        except ValueError as error:
            # A message of the Python API names a parameter; here it is an option.
            name, _, rest = str(error).partition(" ")
            if "_" in name and name in {field.name for field in fields(kind)}:  # type: ignore[arg-type]
                raise ValueError(f"--{name.replace('_', '-')} {rest}") from error
            raise

    return call


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given: those that are not None.

    Examples
    --------
    >>> given(labels=None, size=48)
    {'size': 48}
    """
    return {name: value for name, value in options.items() if value is not None}


def add_labels_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--labels``, a mapping of labels."""
    text = "new labels: anger=angry,contempt=drop, or a TOML file of such lines"
    parser.add_argument("--labels", metavar="MAP", help=text)


def add_priors_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--priors``, shares of the classes."""
    text = "expected shares of the labels: uniform, or angry=0.2,happy=0.4 (default: those of the training data)"
    parser.add_argument("--priors", metavar="SHARES", help=text)


@dataclass(frozen=True, slots=True)
class DataOptions:
    """Arguments of the commands that read a data set."""

    labels: str | None
    split_names: str | None
    allow_unreadable: bool

    def reading(self) -> dict[str, Any]:
        """Options of :func:`ferbench.datasets.load`: those that were given."""
        return given(labels=self.labels, split_names=self.split_names, allow_unreadable=self.allow_unreadable or None)

    def words(self) -> list[str]:
        """The same options as words of a command line."""
        words = ["--labels", self.labels] if self.labels is not None else []
        words += ["--split-names", self.split_names] if self.split_names is not None else []
        return [*words, "--allow-unreadable"] if self.allow_unreadable else words


def add_data_options(parser: argparse.ArgumentParser, *, unreadable: bool = True) -> None:
    """Add the options of :class:`DataOptions`; without the last one if `unreadable` is False."""
    add = parser.add_argument
    add_labels_option(parser)
    add(
        "--split-names",
        metavar="MAP",
        help="which folder is which split: Training=tr,PublicTest=val,PrivateTest=te; none=NAME is no split",
    )
    if unreadable:
        text = "leave out unreadable images of a split that the source defines (default: refuse it)"
        add("--allow-unreadable", action="store_true", help=text)


@contextlib.contextmanager
def told_steps(total: int, *, unit: str, title: str) -> Iterator[Callable[[str], None]]:
    """Show a bar on a terminal, and yield the function that counts a step and shows its name.

    Parameters
    ----------
    total : int
        Number of steps.
    unit, title : str
        What a step is called, and what stands before the bar.
    """
    from tqdm import tqdm

    with tqdm(total=total, unit=unit, desc=title, disable=None) as bar:

        def tell(text: str) -> None:
            bar.set_postfix_str(text)
            bar.update()

        yield tell
