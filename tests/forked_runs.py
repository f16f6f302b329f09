"""Runs of the command, each in a process of its own, forked from one that has imported all that a run needs."""

import json
import os
import subprocess
import sys
from unittest import mock

from ferbench.benchmarks.run.process import cell_environment


class ForkedRuns:
    """One process that forks for each run; cells are measured in the process of their run.

    The third-party package must be known, as by the fixture ``spies``. A run starts at once, so that a moment of a
    second is one of its work and not of its imports.
    """

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=pipe, stdout=pipe, text=True, env=cell_environment(1)
        )

    def start(self, *words: str) -> int:
        """Start ``ferbench run`` and return its process id; the run before must have ended."""
        assert self._process.stdin and self._process.stdout
        print(json.dumps(words), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())

    def wait(self) -> int:
        """Exit code of the run, negative for the signal that ended it."""
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def main() -> None:
    import skops.io  # noqa: F401 - imported before the first fork
    from cells_here import CellsHere

    import ferbench.benchmarks.run as runs
    from ferbench import cli, models

    models.recipes()
    for line in sys.stdin:
        if (pid := os.fork()) == 0:
            code = 1
            try:
                nowhere = os.open(os.devnull, os.O_RDWR)
                for number in (1, 2):
                    os.dup2(nowhere, number)
                with mock.patch.object(runs, "make_executor", lambda name, jobs: CellsHere()):
                    code = cli.main(["run", *json.loads(line)])
            finally:
                os._exit(code)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
