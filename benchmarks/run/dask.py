"""Run cells on a Dask cluster. Images are sent to the workers; records and bundles are returned as bytes."""

import contextlib
import io
import tarfile
import tempfile
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ferbench.benchmarks.run.delivery import deliver
from ferbench.benchmarks.run.handoff import find_data, pack_data, read_head
from ferbench.benchmarks.run.job import ANSWERS, Job, now, trace_of
from ferbench.benchmarks.run.outcome import Outcome, ignore_start
from ferbench.benchmarks.run.process import run_cell
from ferbench.benchmarks.store import COMPANIONS, Store

# A worker process measures one cell at a time, independent of its number of threads.
_ONE_CELL = threading.Lock()
_POLL_S = 2.0


class DaskExecutor:
    """Executor that runs cells on the workers of a Dask cluster.

    Each worker process measures one cell at a time in a child process, with as many threads as the worker has. Workers
    need ferbench and the libraries of the recipes, but neither the data nor a shared file system: images travel in
    blocks to the cache of each worker that lacks them. If a worker dies, its cell is tried again on another one. After
    more failures than ``distributed.scheduler.allowed-failures`` of the scheduler, the cell ends as ``killed``.

    Parameters
    ----------
    address : str
        ``dask://HOST:PORT`` of the scheduler.
    timeout_s : float, default=10
        Seconds to wait for the scheduler.
    patience_s : float, default=60
        Seconds to wait for a new worker if all have stopped.

    Attributes
    ----------
    on_start : callable
        Called with each job when a worker starts it, in a thread of the client; again if another worker tries it.

    Raises
    ------
    ImportError
        If the extra ``dask`` is not installed.
    OSError
        If no scheduler answers.
    ValueError
        If there is no worker, or a worker has another version of ferbench or does not have it.
    """

    def __init__(self, address: str, *, timeout_s: float = 10.0, patience_s: float = 60.0) -> None:
        self.address, self.patience_s = address, patience_s
        self.timeout_s = timeout_s
        self.on_start: Callable[[Job], None] = ignore_start
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
        """Smallest number of threads of a worker."""
        return min(self._client.nthreads().values())

    def run(self, jobs: Sequence[Job], store: Store) -> Iterator[Outcome]:
        """Yield the outcome of each job when it finishes; closing the iterator cancels the running jobs."""
        futures: dict[Any, Job] = {}
        if self._client.status == "closed":
            self._client = self._connect()
        started = self._hear_starts(jobs)
        try:
            for folder in {job.data for job in jobs}:
                deliver(self._client, Path(folder))
            for job in jobs:
                futures[self._submit(job, started)] = job
            for future in self._as_completed(futures):
                job = futures.pop(future)
                if (lacking := _lacking(future)) is not None:
                    # A worker that came later, or another machine that took over.
                    deliver(self._client, Path(job.data), [lacking])
                    futures[self._submit(job, started)] = job
                else:
                    yield self._receive(future, job, store)
                future.release()
        finally:
            # If a task is cancelled or this driver ends, its worker kills the cell.
            with contextlib.suppress(Exception):
                self._client.cancel(list(futures), force=True)
            self._client.close()

    def _hear_starts(self, jobs: Sequence[Job]) -> str:
        """Pass on the starts of cells that the workers report; return the topic of their messages."""
        topic, by_id = f"ferbench-{uuid.uuid4().hex}", {job.cell.cell_id: job for job in jobs}
        self._client.subscribe_topic(topic, lambda event: self.on_start(by_id[event[1]]))
        return topic

    def _submit(self, job: Job, started: str) -> Any:
        bundles = {name: pack_data(Path(folder)) for name, folder in job.bundles.items()}
        test = pack_data(Path(job.test)) if job.test else {}
        parts = (read_head(Path(job.data)), bundles, test)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            return self._client.submit(_measure, job.to_json(), *parts, started, pure=False)

    def _as_completed(self, pending: Mapping[Any, Job]) -> Iterator[Any]:
        """Yield each future when it ends, until the caller has taken all of them out of `pending`."""
        distributed = _distributed()
        alone_since = None
        while pending:
            try:
                done = distributed.wait(list(pending), timeout=_POLL_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                # Without workers the run would wait forever.
                alive = self._client.nthreads()
                alone_since = None if alive else alone_since or time.monotonic()
                if alone_since and time.monotonic() - alone_since > self.patience_s:
                    raise OSError(f"{self.address}: all workers are gone; start some and run again to go on") from None
                continue
            except distributed.CancelledError:
                done = {future for future in pending if future.cancelled()}
            yield from done

    def _receive(self, future: Any, job: Job, store: Store) -> Outcome:
        if future.status in ("cancelled", "lost"):
            raise OSError(f"{self.address}: lost the scheduler; run again to go on once it is back")
        outbox = store.outbox()
        record, archive = future.result() if future.status == "finished" else (None, b"")
        if archive:
            with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                tar.extractall(outbox, filter="data")
        return Outcome(record or _lost(future, job), outbox)

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
    """Import distributed, which is an optional dependency and takes a second to import."""
    try:
        import distributed
    except ImportError as error:
        raise ImportError(
            'a Dask executor needs the package distributed; install it with: pip install "ferbench[dask]"'
        ) from error
    return distributed


def _installed_version() -> str:
    return version("ferbench")


def _lacking(future: Any) -> str | None:
    """Return the address of the worker that could not measure, because it does not have the data."""
    answer = future.result() if future.status == "finished" else None
    return answer if isinstance(answer, str) else None


def _measure(
    job_text: str,
    head: str,
    bundles: Mapping[str, Mapping[str, bytes]],
    test: Mapping[str, bytes],
    started: str,
) -> tuple[dict[str, Any] | None, bytes] | str:
    """Run on a worker: measure one cell in a child process.

    Returns
    -------
    tuple of dict and bytes, or str
        The record and its companions; the address of this worker if it does not have the data.
    """
    distributed = _distributed()
    worker, key = distributed.get_worker(), distributed.worker.thread_state.key

    def cancelled() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state != "executing"

    with _ONE_CELL, tempfile.TemporaryDirectory(prefix="ferbench-") as scratch:
        fields, data = Job.from_json(job_text), find_data(head)
        if data is None:
            return str(worker.address)
        worker.log_event(started, fields.cell.cell_id)
        there = {"data": str(data), "threads": worker.state.nthreads}
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
    reason = f"its worker died, also on each retry: {text}" if dead else f"{type(error).__name__} on the worker: {text}"
    return job.blank_record() | {
        "status": "killed" if dead else "error",
        "reason": reason,
        "traceback": trace_of(error) if error else None,
        "finished": now(),
    }


def _pack(outbox: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for kind in (*COMPANIONS, "bundles", ANSWERS):
            if (outbox / kind).exists():
                tar.add(outbox / kind, arcname=kind)
    return buffer.getvalue()
