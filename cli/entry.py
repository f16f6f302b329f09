"""Parse the command line and turn bad input into one clear line."""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import NoReturn

from ferbench.utils import redact

# Modules of `ferbench.cli`, each with a function `register(subparsers)`. They import heavy libraries only when a
# command runs, so that `ferbench --help` is fast.
COMMANDS = (
    "run",
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
)


class _Parser(argparse.ArgumentParser):
    """Parser whose errors hide passwords; argparse uses this class for subcommands as well."""

    def error(self, message: str) -> NoReturn:
        """Report a wrong command line, with passwords in camera addresses hidden."""
        super().error(redact(message))


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    parser = _Parser(
        prog="ferbench",
        description="Benchmark classical against deep facial emotion recognition, and run the winner.",
    )
    parser.add_argument("--version", action="version", version=f"ferbench {version('ferbench')}")
    parser.add_argument("--traceback", action="store_true", help="show the traceback of an error (for bug reports)")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in COMMANDS:
        importlib.import_module(f"ferbench.cli.{name}").register(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns
    -------
    int
        0 on success, 1 if cells of a run failed, 2 on bad input, 130 after Ctrl-C, 141 if the output pipe
        was closed.
    """
    args = build_parser().parse_args(argv)
    try:
        return int(args.command(args) or 0)
    except BrokenPipeError:
        # The reader (such as `| head`) closed the pipe. Without this, Python prints a second error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        print("\nferbench: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except (ValueError, OSError, ImportError) as error:
        # In this project these three types mean bad input, a failed file operation, or a missing extra.
        if args.traceback:
            raise
        print(f"ferbench: error: {redact(_one_line(error))}", file=sys.stderr)
        return 2


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__
