"""Counts of a run by kind of case, as CSV and Markdown, and what was found in full."""

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

GOOD = ("ok", "refused")
# Column and the outcomes that it counts.
COLUMNS = {
    "ok": ("ok",),
    "refused": ("refused",),
    "tracebacks": ("traceback",),
    "crashes": ("crash",),
    "hangs": ("hang",),
    "other_exit_codes": ("code",),
    "not_one_line": ("message",),
    "names_nothing": ("unnamed",),
}


def write_report(folder: Path, results: Sequence[dict[str, Any]], seed: int) -> None:
    """Write ``fuzz.csv`` and ``fuzz.md`` into `folder`, and what was found beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = _rows(results)
    with (folder / "fuzz.csv").open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["kind", "cases", *COLUMNS, "longest_s"])
        writer.writerows(rows)
    (folder / "fuzz.md").write_text(_markdown(rows, seed))
    bad = [result for result in results if result["outcome"] not in GOOD]
    (folder.parent / "fuzz-found.txt").write_text(found_text(bad))


def found_text(results: Sequence[dict[str, Any]]) -> str:
    """What each case was and how it ended, for a person to read."""
    parts = [
        f"{result['kind']} {result['number']}: {result['outcome']}, code {result['code']}, {result['seconds']:.1f} s\n"
        f"{result['argv']}\n{result['detail'][-3000:]}"
        for result in results
    ]
    return "\n\n".join([f"{len(results)} cases", *parts])


def _rows(results: Sequence[dict[str, Any]]) -> list[list[Any]]:
    kinds = dict.fromkeys(result["kind"] for result in results)
    parts = {kind: [result for result in results if result["kind"] == kind] for kind in kinds}
    return [_row(kind, part) for kind, part in {**parts, "all": list(results)}.items()]


def _row(kind: str, results: Sequence[dict[str, Any]]) -> list[Any]:
    counts = Counter(result["outcome"] for result in results)
    sums = [sum(counts[outcome] for outcome in outcomes) for outcomes in COLUMNS.values()]
    return [kind, len(results), *sums, f"{max(result['seconds'] for result in results):.1f}"]


def _markdown(rows: Sequence[Sequence[Any]], seed: int) -> str:
    lines = [
        "# Fuzzing of the command line",
        "",
        f"Damaged input of each kind, seed {seed}. A case is *ok* with exit code 0 and *refused* with exit code 2 and",
        "one line that names the file or the option. *Failed* counts everything else: tracebacks, crashes",
        "of the process, hangs over 20 s, other exit codes, and messages that name nothing or are not one line.",
        "`fuzz.csv` holds each of these counts on its own.",
        "",
        "| kind | cases | ok | refused | failed | longest, s |",
        "|---|---|---|---|---|---|",
    ]
    for kind, cases, ok, refused, *failed, longest in rows:
        lines.append(f"| {kind} | {cases} | {ok} | {refused} | {sum(failed)} | {longest} |")
    return "\n".join(lines) + "\n"
