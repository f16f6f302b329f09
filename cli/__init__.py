"""The ``ferbench`` command: parse, call, print."""

from ferbench.cli.entry import main

__all__ = ["main"]
