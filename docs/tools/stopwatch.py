"""Measure how long a newcomer waits: minutes and commands from a clone to a first picture, table and live view.

``python docs/tools/stopwatch.py now --picture me.jpg`` clones the repository into a scratch folder and runs the
commands of the tutorial there, each with a clock. ``before`` does the same with the README before the front door was
built. Each run replaces its rows of docs/stopwatch.csv and the table of docs/tutorial.md, which is made from them.
"""

import argparse
import csv
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
ROWS, PAGE = ROOT / "docs" / "stopwatch.csv", ROOT / "docs" / "tutorial.md"
FIELDS = ("walk", "commit", "commands", "milestone", "command", "seconds", "status", "cores", "load")
_BEGIN, _END = "<!-- stopwatch -->\n", "<!-- end of the stopwatch -->"


class Step(NamedTuple):
    """One command that a newcomer types, and what is there after it."""

    command: str
    milestone: str = ""


CLONE = Step("git clone")
SERVE = ".venv/bin/ferbench serve"
# The last commit before the README began with three lines.
WALKS: dict[str, tuple[str, tuple[Step, ...]]] = {
    "now": (
        "HEAD",
        (
            CLONE,
            Step('python3 -m venv .venv && .venv/bin/pip install -q ".[web]"'),
            Step(".venv/bin/ferbench image me.jpg", "first picture"),
            Step(SERVE, "first live view"),
            Step(".venv/bin/ferbench run --only 'hog+*'", "first table"),
        ),
    ),
    "before": (
        "b86ef98",
        (
            CLONE,
            Step(
                'python3 -m venv .venv && .venv/bin/pip install -q ".[deep]" && .venv/bin/ferbench run', "first table"
            ),
            Step(".venv/bin/ferbench image me.jpg", "first picture"),
            Step('.venv/bin/pip install -q ".[web]"'),
            Step(SERVE, "first live view"),
        ),
    ),
}


def run_step(step: Step, folder: Path, commit: str, limit_s: float) -> str:
    """Run one command to its end, or until its page answers; return ``ok`` or what went wrong."""
    if step == CLONE:
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
        return _status(subprocess.run(["git", "checkout", "-q", commit], cwd=folder, check=False).returncode)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("VIRTUAL_ENV", "PYTHON"))}
    if step.command == SERVE:
        return _serve(folder, environment)
    process = subprocess.Popen(["bash", "-c", step.command], cwd=folder, env=environment, start_new_session=True)
    try:
        return _status(process.wait(limit_s))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        return "stopped before its end"


def _status(code: int) -> str:
    return "ok" if code == 0 else f"exit code {code}"


def _serve(folder: Path, environment: dict[str, str]) -> str:
    line = [str(folder / ".venv" / "bin" / "ferbench"), "serve", "--port", "0"]
    with subprocess.Popen(line, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            words = process.stdout.readline().split()
            if len(words) < 2:
                return "it did not start"
            with urllib.request.urlopen(words[1], timeout=60) as answer:
                return _status(0 if answer.status == 200 else 1)
        finally:
            process.kill()


def walk(name: str, picture: Path, limit_s: float) -> list[dict[str, str]]:
    """Run the commands of a walk in a new clone, and return a row for each; a command that fails ends it."""
    commit, steps = WALKS[name]
    commit = subprocess.run(
        ["git", "rev-parse", "--short", commit], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "ferbench"
        for number, step in enumerate(steps, start=1):
            began = time.monotonic()
            status = run_step(step, folder, commit, limit_s)
            seconds, load = time.monotonic() - began, os.getloadavg()[0]
            values = (
                name,
                commit,
                number,
                step.milestone,
                step.command,
                f"{seconds:.1f}",
                status,
                os.cpu_count(),
                load,
            )
            rows.append({field: str(value) for field, value in zip(FIELDS, values, strict=True)})
            if status != "ok":
                break
            if step == CLONE:
                shutil.copy(picture, folder / "me.jpg")
    return rows


def table(rows: list[dict[str, str]]) -> str:
    """Return minutes and commands to each milestone as a Markdown table, with the load of the machine."""
    lines = ["| walk | commit | until | commands | minutes | load per core |", "|---|---|---|---|---|---|"]
    passed: dict[str, float] = {}
    for row in rows:
        passed[row["walk"]] = passed.get(row["walk"], 0.0) + float(row["seconds"])
        minutes, load = passed[row["walk"]] / 60, float(row["load"]) / int(row["cores"])
        start = f"| {row['walk']} | `{row['commit']}` |"
        if row["status"] != "ok":
            what = f"{row['milestone'] or row['command']}: {row['status']}"
            lines.append(f"{start} {what} | {row['commands']} | {minutes:.1f} | {load:.1f} |")
        elif row["milestone"]:
            lines.append(f"{start} {row['milestone']} | {row['commands']} | {minutes:.1f} | {load:.1f} |")
    return "\n".join(lines) + "\n"


def read_rows() -> list[dict[str, str]]:
    """Return the rows of the walks that were taken."""
    if not ROWS.is_file():
        return []
    with ROWS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def publish(rows: list[dict[str, str]]) -> None:
    """Write the rows, and the table made from them into its page."""
    with ROWS.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    text = PAGE.read_text(encoding="utf-8")
    inner = re.compile(f"(?<={re.escape(_BEGIN)}).*?(?={re.escape(_END)})", re.DOTALL)
    PAGE.write_text(inner.sub(lambda _: f"\n{table(rows)}\n", text), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("walk", choices=WALKS)
    parser.add_argument("--picture", type=Path, required=True, help="a picture with a face, which is me.jpg")
    parser.add_argument("--limit", type=float, default=60, metavar="MINUTES", help="for each command (default: 60)")
    args = parser.parse_args()
    taken = walk(args.walk, args.picture, 60 * args.limit)
    kept = [row for row in read_rows() if row["walk"] != args.walk]
    publish(sorted([*kept, *taken], key=lambda row: row["walk"]))
