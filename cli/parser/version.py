"""Answer ``--version``."""

import argparse
from typing import Any, NoReturn


class ShowVersion(argparse.Action):
    """Print the version and exit. The module that knows the version takes as long to import as ``ferbench --help``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any, **__: Any) -> NoReturn:
        from importlib.metadata import version

        print(f"ferbench {version('ferbench')}")
        parser.exit()
