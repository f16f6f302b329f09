"""The ``ferbench`` command line."""

from ferbench.cli.entry import main

__all__ = ["main"]
