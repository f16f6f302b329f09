"""Cells on a Dask cluster: images travel to the workers, records and bundles come home as bytes."""

import contextlib
import io
import tarfile
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ferbench.benchmarks.run.cell import ANSWERS
from ferbench.benchmarks.run.handoff import pack_data, unpack_data
from ferbench.benchmarks.run.job import Job, now
from ferbench.benchmarks.run.outcome import Outcome
from ferbench.benchmarks.run.process import run_cell
from ferbench.benchmarks.store import COMPANIONS, Store

# A worker process measures one cell at a time, whatever number of threads it was started with.
_ONE_CELL = threading.Lock()
_POLL_S = 2.0


class DaskExecutor:
    """Runs cells on the workers of a Dask cluster.

    Each worker process measures one cell at a time, in a child process of its own, with as many threads as the
    worker was started with. Workers need ferbench and the libraries of the recipes, but neither the data nor a
    shared file system. A cell whose worker dies is tried again on another one; when that happened more often than
    the scheduler's ``distributed.scheduler.allowed-failures``, it ends as ``killed``.

    Parameters
    ----------
    address : str
        ``dask://HOST:PORT`` of the scheduler.
    timeout_s : float, default=10
        Seconds to wait for the scheduler.
    patience_s : float, default=60
        Seconds to wait for a new worker when all are gone.

    Raises
    ------
    ImportError
        If the extra ``dask`` is not installed.
    OSError
        If no scheduler answers.
    ValueError
        If there is no worker, or one has another version of ferbench or none.
    """

    def __init__(self, address: str, *, timeout_s: float = 10.0, patience_s: float = 60.0) -> None:
        self.address, self.patience_s = address, patience_s
        self.timeout_s = timeout_s
        self._client = self._connect()
        try:
            self._check_workers()
        except BaseException:
            self._client.close()
            raise

    def _connect(self) -> Any:
        distributed = _distributed()
        target = "tcp://" + self.address.removeprefix("dask://")
        try:
            return distributed.Client(target, timeout=self.timeout_s)
        except (OSError, ValueError) as error:
            text = f"{self.address}: no Dask scheduler answers ({error}); start one with `dask scheduler`"
            raise OSError(text) from error

    def threads(self) -> int:
        """Fewest threads that a worker was started with."""
        return min(self._client.nthreads().values())

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        """Yield one outcome for each job as it comes home; closing the iterator cancels what still runs."""
        futures: dict[Any, Job] = {}
        if self._client.status == "closed":
            self._client = self._connect()
        try:
            packed = {folder: self._send(folder) for folder in {job.data for job in jobs}}
            for job in jobs:
                bundles = {name: pack_data(Path(folder)) for name, folder in job.bundles.items()}
                test = pack_data(Path(job.test)) if job.test else {}
                future = self._client.submit(_measure, job.to_json(), packed[job.data], bundles, test, pure=False)
                futures[future] = job
            for future in self._as_completed(list(futures)):
                yield self._receive(future, futures[future], store)
                future.release()
        finally:
            # Workers see that a task was cancelled, and kill its cell; the same when this driver dies.
            with contextlib.suppress(Exception):
                self._client.cancel(list(futures), force=True)
            self._client.close()

    def _as_completed(self, pending: list[Any]) -> Iterator[Any]:
        distributed = _distributed()
        alone_since = None
        while pending:
            try:
                done = distributed.wait(pending, timeout=_POLL_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                # A scheduler without workers would let the run wait for ever.
                alive = self._client.nthreads()
                alone_since = None if alive else alone_since or time.monotonic()
                if alone_since and time.monotonic() - alone_since > self.patience_s:
                    raise OSError(f"{self.address}: all workers are gone; start some and run again to go on") from None
                continue
            except distributed.CancelledError:
                done = {future for future in pending if future.cancelled()}
            yield from done
            pending = [future for future in pending if future not in done]

    def _receive(self, future: Any, job: Job, store: Store) -> Outcome:
        if future.status in ("cancelled", "lost"):
            raise OSError(f"{self.address}: lost the scheduler; run again to go on once it is back")
        outbox = store.outbox()
        record, archive = future.result() if future.status == "finished" else (None, b"")
        if archive:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(outbox, filter="data")
        return Outcome(record or _lost(future, job), outbox)

    def _send(self, folder: str) -> Any:
        # A task and not scattered data: when the worker that holds it dies, the scheduler makes it again.
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            return self._client.submit(_hold, pack_data(Path(folder)), pure=False)

    def _check_workers(self) -> None:
        found = self._client.run(_installed_version)
        if not found:
            raise ValueError(f"{self.address}: the scheduler has no workers; start some with `dask worker HOST:PORT`")
        here = version("ferbench")
        for worker, there in found.items():
            if there != here:
                raise ValueError(
                    f"{self.address}: worker {worker} has ferbench {there}, this is {here}; "
                    "install the same version on every worker"
                )


def _distributed() -> Any:
    """The library, which takes a second to import and is an extra."""
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            'a Dask executor needs the package distributed; install it with: pip install "ferbench[dask]"'
        ) from error
    return distributed


def _installed_version() -> str:
    return version("ferbench")


def _hold(files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return files


def _measure(
    job_text: str,
    files: Mapping[str, bytes],
    bundles: Mapping[str, Mapping[str, bytes]],
    test: Mapping[str, bytes],
) -> tuple[dict[str, Any] | None, bytes]:
    """Run on a worker: measure one cell in a child process; return its record and its companions."""
    distributed = _distributed()
    worker, key = distributed.get_worker(), distributed.worker.thread_state.key

    def cancelled() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state != "executing"

    with _ONE_CELL, tempfile.TemporaryDirectory(prefix="ferbench-") as scratch:
        fields = Job.from_json(job_text)
        there = {"data": str(unpack_data(files)), "threads": worker.state.nthreads}
        if test:
            there["test"] = _unpack_bundles({"test": test}, Path(scratch) / "images")["test"]
        job = Job(**{**vars(fields), **there, "bundles": _unpack_bundles(bundles, Path(scratch))})
        outbox = Path(scratch) / "outbox" / "cell"
        outbox.mkdir(parents=True)
        record = run_cell(job, outbox, Path(scratch) / "checkpoints", cancelled)
        return record, _pack(outbox) if record and record["status"] == "ok" else b""


def _unpack_bundles(bundles: Mapping[str, Mapping[str, bytes]], scratch: Path) -> dict[str, str]:
    folders = {}
    for place, (name, files) in enumerate(bundles.items()):
        folder = scratch / "bundles" / str(place)
        folder.mkdir(parents=True)
        for file, content in files.items():
            (folder / Path(file).name).write_bytes(content)
        folders[name] = str(folder)
    return folders


def _lost(future: Any, job: Job) -> dict[str, Any]:
    """Build the record of a cell that the cluster could not finish."""
    distributed = _distributed()
    error = future.exception() if future.status == "error" else None
    dead = isinstance(error, distributed.scheduler.KilledWorker) or error is None
    text = " ".join(str(error or future.status).split())
    reason = (
        f"its worker died, and so did those it was tried on again: {text}"
        if dead
        else f"{type(error).__name__} on the worker: {text}"
    )
    return job.blank_record() | {
        "status": "killed" if dead else "error",
        "reason": reason,
        "traceback": "".join(traceback.format_exception(error)) if error else None,
        "finished": now(),
    }


def _pack(outbox: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for kind in (*COMPANIONS, "bundles", ANSWERS):
            if (outbox / kind).exists():
                tar.add(outbox / kind, arcname=kind)
    return buffer.getvalue()
