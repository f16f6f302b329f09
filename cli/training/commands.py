"""The commands of this room."""

from typing import Any

from ferbench.cli.training.measure_int8 import register as register_int8
from ferbench.cli.training.measure_transfer import register as register_transfer
from ferbench.cli.training.train import register as register_train


def register(subparsers: Any) -> None:
    """Add ``train``, ``measure-int8`` and ``measure-transfer``."""
    register_train(subparsers)
    register_int8(subparsers)
    register_transfer(subparsers)
