"""Run a command of ferbench that kills itself, as ``kill -9`` does, at a numbered write to the disk.

``python killed_command.py NUMBER WORDS…``: before write NUMBER the process ends; 0 ends it never. A run that ends by
itself prints the number of its writes and the seconds until the first one.
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

WRITES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree", "open"}
OPENED_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Writes:
    """Count what the process writes below the working folder and the cache, and end the process at one of them."""

    def __init__(self, last: int) -> None:
        self.roots = tuple(f"{Path(root).absolute()}{os.sep}" for root in (".", os.environ["FERBENCH_CACHE"]))
        self.last, self.count, self.begun = last, 0, time.perf_counter()
        self.first_s = 0.0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Audit one event of the interpreter."""
        if event not in WRITES or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & OPENED_TO_WRITE):
            return
        if str(Path(os.fsdecode(arguments[0])).absolute()).startswith(self.roots):
            self.first_s = self.first_s or time.perf_counter() - self.begun
            self.count += 1
            if self.count == self.last:
                os.kill(os.getpid(), signal.SIGKILL)


def main() -> int:
    """Run the command."""
    writes = Writes(int(sys.argv[1]))
    from ferbench import cli

    sys.addaudithook(writes)
    code = cli.main(sys.argv[2:])
    print(f"\nwrites {writes.count} {writes.first_s}")
    return code


if __name__ == "__main__":
    sys.exit(main())
