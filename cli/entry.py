"""Parse the command line and turn bad input into one clear line."""

import contextlib
import importlib
import os
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

from ferbench.cli.parser import MainParser, Parser
from ferbench.utils import BROKEN_PIPE_EXIT, paint, redact

# Modules of `ferbench.cli`, each with a function `register(subparsers)`. They import heavy libraries only when a
# command runs, so that `ferbench --help` is fast.
COMMANDS = (
    "run",
    "retime",
    "score_final",
    "report",
    "predict",
    "data",
    "landmarks",
    "tune",
    "live",
    "serve",
    "measure_live",
    "measure_speed",
    "measure_training",
    "training",
    "evidence",
    "listing",
    "doctor",
    "parser",
)


def build_parser() -> MainParser:
    """Build the parser of all commands."""
    parser = MainParser(
        prog="ferbench",
        description="Benchmark classical against deep facial emotion recognition, and run the winner.",
    )
    parser.add_argument("--version", action="version", version=f"ferbench {version('ferbench')}")
    parser.add_argument("--traceback", action="store_true", help="show the traceback of an error (for bug reports)")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    for name in COMMANDS:
        importlib.import_module(f"ferbench.cli.{name}").register(subparsers)
    parser.set_defaults(parser=parser)
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
    parser = build_parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help(sys.stderr)
        return 2
    args = parser.parse_args(argv)
    with _short_warnings():
        return _call(args)


def _call(args: Any) -> int:
    try:
        return int(args.command(args) or 0)
    except BrokenPipeError:
        # The reader (such as `| head`) closed the pipe. Without this, Python prints a second error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE_EXIT
    except KeyboardInterrupt:
        print("\nferbench: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except (ValueError, OSError, ImportError) as error:
        # In this project these three types mean bad input, a failed file operation, or a missing extra.
        if args.traceback:
            raise
        print(f"ferbench: {paint('error:', 'red', sys.stderr)} {redact(_one_line(error))}", file=sys.stderr)
        return 2


@contextlib.contextmanager
def _short_warnings() -> Iterator[None]:
    """Show a warning as one line, without the place in the code; whether it is shown stays with Python's filters."""
    before = warnings.formatwarning

    def one_line(message: Warning | str, *_: Any, **__: Any) -> str:
        return f"ferbench: {paint('warning:', 'yellow', sys.stderr)} {redact(' '.join(str(message).split()))}\n"

    warnings.formatwarning = one_line
    try:
        yield
    finally:
        warnings.formatwarning = before


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
