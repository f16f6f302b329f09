"""A process that runs cases one after another, and what it reports of each."""

import contextlib
import io
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from fuzz_kinds import KINDS

# More than any case needs; where one asks for more it ends as a traceback instead of filling the machine.
MEMORY = 12 * 2**30
# Lines of a command that are no error: what it says of its work.
_NOTE = re.compile(r"^(ferbench: (note|warning|model|downloading|cannot download)|usage:|\s|$)")


def make_case(seed: int, kind: str, number: int, valid: Path, place: Path) -> list[str]:
    """The command line of one case; the same arguments always make the same files."""
    place.mkdir(parents=True, exist_ok=True)
    return KINDS[kind](random.Random(f"{seed} {kind} {number}"), valid, place)


def serve(connection: Connection, seed: int, valid: Path, root: Path) -> None:
    """Run the cases whose kind and number arrive, until None arrives."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ.update(FERBENCH_CACHE=str(root / "cache"), MPLBACKEND="Agg", TF_CPP_MIN_LOG_LEVEL="3")
    _warm_up(valid, root / "warm")
    connection.send({"ready": True})
    while (case := connection.recv()) is not None:
        kind, number = case
        place = root / "cases" / f"{kind.replace(' ', '-')}-{number}"
        argv = make_case(seed, kind, number, valid, place)
        connection.send({"argv": argv})
        connection.send(_run(argv, place))
        os.chdir(root)
        if not os.environ.get("FUZZ_KEEP"):
            shutil.rmtree(place, ignore_errors=True)


def _warm_up(valid: Path, place: Path) -> None:
    """Import what the commands need, so that it does not count as the time of the first case."""
    place.mkdir(exist_ok=True)
    image, model = str(valid / "images" / "a.png"), ["--model", str(valid / "bundles" / "cnn"), "--detector", "haar"]
    for argv in (
        ["predict", image, "--model", str(valid / "bundles" / "pixels")],
        ["image", image, *model],
        ["video", str(valid / "videos" / "a.avi"), *model, "--max-frames", "1", "--events", "e.csv"],
        ["data", "audit", str(valid / "data.csv"), "--output", str(place / "out")],
        ["best", str(valid / "results" / "digits")],
    ):
        result = _run(argv, place)
        if result["outcome"] != "ok":
            raise RuntimeError(f"a valid command failed: {argv}: {result['detail']}")


def _run(argv: list[str], place: Path) -> dict[str, Any]:
    from ferbench.cli import main

    os.chdir(place)
    start, raised, code = time.perf_counter(), "", 0
    with _captured() as texts:
        try:
            code = main(argv)
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
        except BaseException:
            raised = traceback.format_exc()
    seconds = time.perf_counter() - start
    return {**judge(argv, place, code, raised, texts["err"]), "seconds": seconds}


@contextlib.contextmanager
def _captured() -> Iterator[dict[str, str]]:
    """Catch what this process writes, that of C libraries as well."""
    texts: dict[str, str] = {}
    with contextlib.ExitStack() as stack:
        files = {number: stack.enter_context(tempfile.TemporaryFile()) for number in (1, 2)}
        kept = {number: os.dup(number) for number in files}
        streams = sys.stdin, sys.stdout, sys.stderr
        for number, file in files.items():
            os.dup2(file.fileno(), number)
        sys.stdin = io.TextIOWrapper(io.BytesIO(b""))
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), errors="backslashreplace")
            for number in (1, 2)
        )
        try:
            yield texts
        finally:
            for stream in (sys.stdout, sys.stderr):
                with contextlib.suppress(OSError, ValueError):
                    stream.flush()
            sys.stdin, sys.stdout, sys.stderr = streams
            for number, name in ((1, "out"), (2, "err")):
                os.dup2(kept[number], number)
                os.close(kept[number])
                files[number].seek(0)
                texts[name] = files[number].read().decode(errors="replace")


def judge(argv: list[str], place: Path, code: int, raised: str, err: str) -> dict[str, Any]:
    """Say how a case ended: ok, refused, traceback, code, message or unnamed."""
    lines = [line for line in err.splitlines() if not _NOTE.match(line)]
    errors = [line for line in lines if re.match(r"^ferbench( [\w-]+)*: error: ", line)]
    result = {"code": code, "detail": raised or err[-2000:]}
    if raised or "Traceback (most recent call last)" in err:
        return {**result, "outcome": "traceback"}
    if code not in (0, 2):
        return {**result, "outcome": "code"}
    if code == 0:
        return {**result, "outcome": "ok"}
    if len(errors) != 1:
        return {**result, "outcome": "message"}
    return {**result, "outcome": "refused" if names_something(errors[0], argv, place) else "unnamed"}


def names_something(message: str, argv: list[str], place: Path) -> bool:
    """Whether a message names an option, a value of the command line, or a file of the case."""
    words = {word for word in argv[1:] if len(word) > 1 and not word.startswith("-")}
    words |= {path.name for path in place.rglob("*") if len(path.name) > 2}
    options = re.search(r"--?[a-z][\w-]*|\b[A-Z_]{2,}\b|argument |arguments: |one of ", message.partition("error: ")[2])
    # A name of one letter, such as the folder ".", is one at the start only.
    first = message.partition("error: ")[2].partition(":")[0]
    return bool(options) or first in argv[1:] or any(word in message for word in words)
