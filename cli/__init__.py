"""The ``ferbench`` command: parse, call, print."""

from ferbench.cli._main import main

__all__ = ["main"]
