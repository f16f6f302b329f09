"""Worker processes with a watchdog: a case that takes too long, or ends its process, is counted and the rest go on."""

import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzz_worker import serve

# The first command of a process imports what it needs; this is not the time of the case.
START_S = 120.0
Job = tuple[str, int]


@dataclass
class Pool:
    """Runs cases in `n_workers` processes, each in a fresh one after a crash or a hang.

    Attributes
    ----------
    limit_s : float
        A case that uses more processor time is a hang; so is one that uses none for as long, or ten times as long by
        the clock. The clock alone would count what other programs of a busy machine do.
    """

    seed: int
    valid: Path
    root: Path
    n_workers: int = 1
    limit_s: float = 20.0
    results: list[dict[str, Any]] = field(default_factory=list)

    def run(self, jobs: Iterable[Job], budget_s: float = float("inf")) -> list[dict[str, Any]]:
        """Run the cases and return one result for each that was begun within `budget_s` seconds."""
        waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in jobs:
            waiting.put(job)
        end = time.monotonic() + budget_s
        threads = [
            threading.Thread(target=self._drive, args=(number, waiting, end)) for number in range(self.n_workers)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.results

    def _drive(self, number: int, waiting: "queue.SimpleQueue[Job]", end: float) -> None:
        worker = None
        while time.monotonic() < end:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                break
            worker = worker or _Worker(self, number)
            result = worker.run(job, self.limit_s)
            self.results.append({"kind": job[0], "number": job[1], **result})
            if result["outcome"] in ("hang", "crash"):
                worker = None
        if worker:
            worker.stop()


class _Worker:
    def __init__(self, pool: Pool, number: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        root = pool.root / f"worker-{number}"
        (root / "cache").mkdir(parents=True, exist_ok=True)
        self.process = context.Process(target=serve, args=(other, pool.seed, pool.valid, root), daemon=True)
        self.process.start()
        other.close()
        self._answer(START_S)

    def run(self, job: Job, limit_s: float) -> dict[str, Any]:
        argv: list[str] = []
        start = time.monotonic()
        try:
            self.connection.send(job)
            argv = self._answer(START_S)["argv"]
            return {"argv": argv, **self._answer(limit_s)}
        except TimeoutError:
            outcome = "hang"
        except (EOFError, OSError):
            outcome = "crash"
        self.process.kill()
        self.process.join()
        code = self.process.exitcode
        return {"argv": argv, "outcome": outcome, "code": code, "detail": "", "seconds": time.monotonic() - start}

    def stop(self) -> None:
        self.connection.send(None)
        self.process.join(10)
        self.process.kill()

    def _answer(self, limit_s: float) -> dict[str, Any]:
        start = moved = time.monotonic()
        first = last = self._processor_s()
        while not self.connection.poll(0.5):
            now, used = time.monotonic(), self._processor_s()
            if used > last:
                moved, last = now, used
            if used - first > limit_s or now - moved > limit_s or now - start > 10 * limit_s:
                raise TimeoutError
        return self.connection.recv()

    def _processor_s(self) -> float:
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
