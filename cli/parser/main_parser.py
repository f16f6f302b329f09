"""Parsers that group their commands, and name the word that a mistyped one may have meant."""

import argparse
import re
import sys
from typing import Any, NoReturn

from ferbench import utils
from ferbench.cli.parser.commands import FIRST_STEPS, GROUPS
from ferbench.cli.parser.tree import command_actions, options_of

# The title of a part of the help.
_HEADING = re.compile(r"^(?:usage:|\w[^\n:]*:$)", re.MULTILINE)


class Parser(argparse.ArgumentParser):
    """Parser of a command; its errors name the closest word that is known."""

    def print_help(self, file: Any = None) -> None:
        """Print the help; its headings stand out where the stream can show it."""
        stream = sys.stdout if file is None else file
        text = self.format_help()
        if stream is not None:
            text = _HEADING.sub(lambda found: utils.paint(found[0], "bold", stream), text)
        self._print_message(text, stream)

    def error(self, message: str) -> NoReturn:
        """Refuse the command line; a camera's address in it may hold its password."""
        self.print_usage(sys.stderr)
        self.exit(2, f"{self.prog}: {utils.paint('error:', 'red', sys.stderr)} {utils.redact(message)}\n")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a word that is no choice, and name the closest one; argparse calls it for commands and options."""
        choices = [str(choice) for choice in action.choices or ()]
        if action.choices is None or value in action.choices:
            return
        what = "command" if isinstance(action, argparse._SubParsersAction) else "choice"
        hint = utils.did_you_mean(str(value), choices) or f"expected one of {', '.join(choices)}"
        error = f"there is no {what} {str(value)!r}; {hint}"
        raise argparse.ArgumentError(None if what == "command" else action, error)

    def unknown_option(self, words: list[str]) -> str:
        """Return the message about unrecognized arguments, with the option that the first one may have meant."""
        known = [name for option in options_of(self) for name in option.names]
        text = f"unrecognized arguments: {' '.join(words)}"
        return utils.with_hint(text, words[0].partition("=")[0], known) if words[0].startswith("-") else text

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, but report unrecognized arguments with the usage of the command that got them."""
        parsed, rest = super().parse_known_args(args, namespace)
        if rest:
            self.error(self.unknown_option(rest))
        return parsed, rest


class MainParser(Parser):
    """Parser of ``ferbench``: its help shows the commands by purpose."""

    def format_help(self) -> str:
        """Return usage, commands by purpose, options, and the first steps."""
        formatter = self._get_formatter()
        formatter.add_text(f"usage: {self.prog} COMMAND [OPTIONS]")
        formatter.add_text(self.description)
        actions = {action.dest: action for action in command_actions(self)}
        for title, commands in GROUPS.items():
            formatter.start_section(title)
            formatter.add_arguments([actions[command.name] for command in commands])
            formatter.end_section()
        formatter.start_section("options")
        formatter.add_arguments([action for action in self._actions if action.option_strings])
        formatter.end_section()
        return f"{formatter.format_help()}\n{FIRST_STEPS}\n"
