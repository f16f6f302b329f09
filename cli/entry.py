"""Parse the command line and turn bad input into one clear line."""

import contextlib
import itertools
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from ferbench import utils
from ferbench.cli.parser import GROUPS, MainParser, Parser, ShowVersion, named_first


def build_parser(words: Sequence[str] | None = None) -> MainParser:
    """Build the parser.

    Parameters
    ----------
    words : sequence of str, optional
        The command line that is to be parsed. Only its command gets its options: the others have their names and one
        line each, and their modules are not imported. By default, every command gets its options.
    """
    parser = MainParser(
        prog="ferbench",
        description="Benchmark classical against deep facial emotion recognition, and run the winner.",
    )
    parser.add_argument("--version", action=ShowVersion, help="show program's version number and exit")
    parser.add_argument("--traceback", action="store_true", help="show the traceback of an error (for bug reports)")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    named = None if words is None else named_first(words)
    for command in itertools.chain.from_iterable(GROUPS.values()):
        inner = subparsers.add_parser(command.name, help=command.help)
        if words is None or command.name == named:
            command.add_options(inner)
    parser.set_defaults(whole_parser=build_parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 on success, 1 if cells of a run failed, 2 on bad input, 130 after Ctrl-C, 141 if the output pipe
        was closed.

    Notes
    -----
    Without any argument the help goes to standard error and the result is 2, as for any command line without a
    command. So a script whose variable is empty does not go on as if something had been done.
    """
    words = sys.argv[1:] if argv is None else argv
    parser = build_parser(words)
    if not words:
        parser.print_help(sys.stderr)
        return 2
    args = parser.parse_args(words)
    with _short_warnings():
        return _call(args)


def _call(args: Any) -> int:
    try:
        return int(args.command(args) or 0)
    except BrokenPipeError:
        # The reader (such as `| head`) closed the pipe. Without this, Python prints a second error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return utils.BROKEN_PIPE_EXIT
    except KeyboardInterrupt:
        print("\nferbench: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except (ValueError, OSError, ImportError) as error:
        # In this project these three types mean bad input, a failed file operation, or a missing extra.
        if args.traceback:
            raise
        print(_told("error:", "red", _one_line(error)), file=sys.stderr)
        return 2


@contextlib.contextmanager
def _short_warnings() -> Iterator[None]:
    """Show a warning as one line, without the place in the code; whether it is shown stays with Python's filters."""
    before = warnings.formatwarning

    def one_line(message: Warning | str, *_: Any, **__: Any) -> str:
        return _told("warning:", "yellow", " ".join(str(message).split())) + "\n"

    warnings.formatwarning = one_line
    try:
        yield
    finally:
        warnings.formatwarning = before


def _told(what: str, color: "utils.Color", text: str) -> str:
    """Return a line for standard error; a URL in it may hold a password."""
    return f"ferbench: {utils.paint(what, color, sys.stderr)} {utils.redact(text)}"


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
