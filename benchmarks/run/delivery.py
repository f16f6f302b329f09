"""Bring data into the caches of Dask workers, block by block, so that no process holds all of it in memory."""

import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ferbench.benchmarks.run.handoff import find_data, read_blocks, read_head, receive_data

# What arrives at this worker, by delivery: the folder, what publishes it, and when the last block came.
_ARRIVING: dict[str, tuple[Path, ExitStack, float]] = {}
# Seconds without a block after which a client has given up.
_PATIENCE_S = 600.0


def deliver(client: Any, folder: Path, workers: Iterable[str] | None = None) -> None:
    """Send the data of a folder to the workers of a client that do not have it.

    Parameters
    ----------
    client : distributed.Client
    folder : Path
        Folder of :func:`ferbench.benchmarks.run.handoff.write_data`.
    workers : iterable of str, optional
        Addresses of the workers; by default all. One that stops meanwhile is left out.

    Raises
    ------
    OSError
        If a worker cannot write the data.
    """
    delivery, known = uuid.uuid4().hex, set(client.nthreads())
    asked = known if workers is None else known & set(workers)
    lacking = _run(client, asked, _begin, delivery, read_head(folder))
    whole = False
    try:
        for name, block in read_blocks(folder):
            lacking = _run(client, lacking, _add, delivery, name, block)
        whole = True
    finally:
        _run(client, lacking, _end, delivery, whole)


def _run(client: Any, workers: set[str], function: Callable[..., bool], *arguments: Any) -> set[str]:
    """Call a function on workers; return those that answer with True."""
    from distributed.comm import CommClosedError

    if not workers:
        return set()
    answers = client.run(function, *arguments, workers=sorted(workers), on_error="return")
    for worker, answer in answers.items():
        if isinstance(answer, Exception) and not isinstance(answer, CommClosedError):
            raise OSError(f"{worker}: could not keep the data: {answer}") from answer
    return {worker for worker, answer in answers.items() if answer is True}


def _begin(delivery: str, head: str) -> bool:
    """Run on a worker: make room for data, and return whether it is needed."""
    for old in [name for name, (_, _, last) in _ARRIVING.items() if time.monotonic() - last > _PATIENCE_S]:
        _end(old, whole=False)
    if find_data(head):
        return False
    stack = ExitStack()
    _ARRIVING[delivery] = stack.enter_context(receive_data(head)), stack, time.monotonic()
    return True


def _add(delivery: str, name: str, block: bytes) -> bool:
    """Run on a worker: write the next block of a file."""
    folder, stack, _ = _ARRIVING[delivery]
    with (folder / Path(name).name).open("ab") as handle:
        handle.write(block)
    _ARRIVING[delivery] = folder, stack, time.monotonic()
    return True


def _end(delivery: str, whole: bool) -> bool:
    """Run on a worker: publish the data, or remove what arrived of it."""
    _, stack, _ = _ARRIVING.pop(delivery)
    if whole:
        stack.close()
    else:
        given_up = EOFError("the client gave up")
        stack.__exit__(EOFError, given_up, None)
    return True
