"""Start the processes of many short cells from one process that has imported the libraries already.

Each cell still has a process of its own, with its limits. Folds are many and short, and importing takes longer than
most of them: the process that starts here imports once and then forks for each cell.
"""

import contextlib
import importlib
import json
import os
import select
import subprocess
import sys
import traceback
from pathlib import Path
from typing import IO

from ferbench import models
from ferbench.benchmarks import fit, scores, store
from ferbench.benchmarks.run import cell
from ferbench.utils import own_group

# Imported before the first fork. None of them starts a thread when it is imported.
_LIBRARIES = (
    "sklearn.pipeline",
    "sklearn.linear_model",
    "sklearn.svm",
    "sklearn.tree",
    "scipy.linalg",
    "cv2",
    "skops.io",
)
# The same of this package: a room imports its module when the name is first used.
_NAMES = ((fit, "Fitted"), (models, "get_recipe"), (scores, "score"), (store, "measure_latency"))


class WarmStart:
    """A process that forks for each cell, one after another.

    Parameters
    ----------
    environment : mapping of str to str
        Environment of the cells.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "ferbench.benchmarks.run.warm"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # An answer that Python had buffered would be invisible to `select`.
            bufsize=0,
            **own_group(),
            env=environment,
        )

    @property
    def alive(self) -> bool:
        """Whether the process is there to start cells."""
        return self._process.poll() is None

    def start(self, outbox: Path, checkpoints: Path | None) -> "WarmChild":
        """Start the process of a cell; the one before must have ended.

        Raises
        ------
        OSError
            If the process that forks has ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None
        pid = b""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps([str(outbox.resolve()), str(checkpoints or "")]).encode() + b"\n")
            pid = self._process.stdout.readline()
        if not pid:
            raise OSError("the process that starts the cells has ended; run again to go on")
        return WarmChild(int(pid), self._process.stdout)

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()


class WarmChild:
    """The process of one cell, with the part of :class:`subprocess.Popen` that its supervisor uses."""

    stdin = None

    def __init__(self, pid: int, answers: IO[bytes]) -> None:
        self.pid, self._answers = pid, answers
        self.returncode: int | None = None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; raise subprocess.TimeoutExpired after `timeout` seconds."""
        if self.returncode is None:
            if not select.select([self._answers], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("cell", timeout or 0.0)
            # No answer: the process that forks was killed, and the cell with it.
            self.returncode = int(self._answers.readline() or -9)
        return self.returncode


def main() -> int:
    """Fork for each line of the input, and write the process id and then the exit code of each fork."""
    for name in _LIBRARIES:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for room, name in _NAMES:
        getattr(room, name)
    while line := sys.stdin.buffer.readline():
        outbox, checkpoints = json.loads(line)
        if (pid := os.fork()) == 0:
            _measure(outbox, checkpoints)
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    return 0


def _measure(outbox: str, checkpoints: str) -> None:
    """Measure a cell in the fork, with its output in the log of the cell; this never returns."""
    code = 1
    try:
        os.setsid()
        log = os.open(Path(outbox) / "log.txt", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        code = cell.main([outbox, checkpoints])
    except BaseException:  # whatever it is, the fork must not go on as its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
