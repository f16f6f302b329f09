"""Run one measuring child process and read its output."""

import json
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ferbench.utils import kill_group, own_group


@dataclass(frozen=True)
class Said:
    """Output of a measuring child process, as :func:`run_child` returns it.

    Attributes
    ----------
    lines : list of dict
        Its JSON lines, each with ``at_s``: seconds from the start of the process to the line.
    reason : str or None
        Why it failed; None if it finished.
    """

    lines: list[dict[str, Any]]
    reason: str | None

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one kind."""
        return [line for line in self.lines if line["event"] == event]

    def outcome(self) -> dict[str, Any]:
        """Return status, reason and figures, for the record of a measurement that says one line ``done``."""
        done = self.of("done")
        if self.reason or not done:
            return {"status": "failed", "reason": self.reason or "it said nothing"}
        figures = {name: value for name, value in done[0].items() if name not in ("event", "at_s")}
        return {"status": "ok", "reason": None, **figures}


def run_child(command: Sequence[str], *, timeout_s: float) -> Said:
    """Run a measuring command and read its JSON lines.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    timeout_s : float
        Seconds after which the child and all its child processes are killed.

    Notes
    -----
    If the child fails, crashes or hangs, the result has a reason and nothing is raised. Only an interruption of this
    process is raised, after the child has ended.
    """
    overdue = threading.Event()
    with tempfile.TemporaryFile() as log:
        begin = time.perf_counter()
        try:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, **own_group())
        except OSError as error:
            return Said([], f"cannot start {command[0]}: {error.strerror}")

        def kill() -> None:
            overdue.set()
            _kill(child)

        timer = threading.Timer(timeout_s, kill)
        timer.start()
        try:
            assert child.stdout is not None
            lines = [{**json.loads(line), "at_s": time.perf_counter() - begin} for line in child.stdout]
            child.wait()
        except ValueError as error:
            return Said([], f"said something that is no JSON line: {error}")
        finally:
            timer.cancel()
            _kill(child)
        if overdue.is_set():
            return Said(lines, f"took longer than {timeout_s:.0f} s")
        return Said(lines, _reason(lines, child.returncode, log))


def _reason(lines: list[dict[str, Any]], code: int, log: Any) -> str | None:
    last = lines[-1] if lines else {}
    if last.get("event") == "failed":
        return str(last["reason"])
    if last.get("event") == "done" and code == 0:
        return None
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    log.seek(0)
    text = log.read().decode("utf-8", "replace").strip()
    return f"ended with exit code {code}: {text.splitlines()[-1] if text else 'no message'}"


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """Kill the child and its child processes, and close its output."""
    if child.poll() is None:
        kill_group(child.pid)
    child.wait()
    if child.stdout and threading.current_thread() is threading.main_thread():
        child.stdout.close()
