"""Add the commands ``stress`` and ``explain``."""

from typing import Any

from ferbench.cli.evidence.explain import register_explain
from ferbench.cli.evidence.stress import register_stress


def register(subparsers: Any) -> None:
    """Add ``stress`` and ``explain`` to the command line."""
    register_stress(subparsers)
    register_explain(subparsers)
