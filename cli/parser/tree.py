"""Read a parser: its commands and its options. The only module that looks inside of argparse."""

import argparse
from typing import NamedTuple


class Option(NamedTuple):
    """One option of a command.

    Attributes
    ----------
    names : tuple of str
        Such as ``("-j", "--jobs")``.
    choices : tuple of str
        The words that may follow, where these are known.
    takes_value : bool
        Whether a value follows.
    help : str
        What it does.
    """

    names: tuple[str, ...]
    choices: tuple[str, ...]
    takes_value: bool
    help: str


def command_actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return one entry for each command of a parser, with its name and help, as argparse formats them."""
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [choice for action in found for choice in action._get_subactions()]


def commands_of(parser: argparse.ArgumentParser) -> dict[str, tuple[str, argparse.ArgumentParser]]:
    """Return the help and the parser of each command, by name, in the order of their registration."""
    parsers = {
        name: inner
        for action in parser._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, inner in action.choices.items()
    }
    return {action.dest: (action.help or "", parsers[action.dest]) for action in command_actions(parser)}


def options_of(parser: argparse.ArgumentParser) -> list[Option]:
    """Return the options of a parser."""
    return [
        Option(
            tuple(action.option_strings),
            tuple(map(str, action.choices or ())),
            action.nargs != 0,
            (action.help or "").replace("%%", "%"),
        )
        for action in parser._actions
        if action.option_strings
    ]


def first_choices(parser: argparse.ArgumentParser) -> tuple[str, ...]:
    """Return the words that the first argument of a command may be, where these are known."""
    places = [action for action in parser._actions if not action.option_strings and action.nargs != argparse.PARSER]
    return tuple(map(str, places[0].choices or ())) if places else ()
