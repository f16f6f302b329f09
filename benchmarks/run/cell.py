"""Measure one cell in a child process, and write probabilities, bundle and record to its outbox.

The child process never gets a label of the test split. For a final cell it writes predictions on the test images, and
the runner compares them with the labels in its own process.
"""

import math
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ferbench import models
from ferbench.benchmarks import fit, identity, store
from ferbench.benchmarks.run.folds import NO_BUNDLE, NOT_TIMED, refuse_seen
from ferbench.benchmarks.run.handoff import list_files, read_data, read_test_images
from ferbench.benchmarks.run.job import ANSWERS, STORAGE_ERRNOS, STORAGE_EXIT, Job, now, trace_of
from ferbench.benchmarks.tasks import Task, get_task
from ferbench.models import base as model_parts
from ferbench.utils import can_pass_pipes

# Waits for the end of the driver (standard input of this process) or of this process (the pipe), then kills the whole
# process group, so that no child process survives. It is a separate process, because a thread would have to wait for
# numerical code that holds the interpreter lock.
_GUARD = """
import os, select, signal, sys
select.select([0, int(sys.argv[1])], [], [])
os.killpg(0, signal.SIGKILL)
"""


def main(arguments: Sequence[str]) -> int:
    """Measure the cell described in ``OUTBOX/job.json``.

    Parameters
    ----------
    arguments : sequence of str
        The outbox, and the folder for checkpoints or an empty string.

    Returns
    -------
    int
        0 if a record was written; 200 or more if the disk could not be written, by the kind of error.
    """
    _start_guard()
    outbox, checkpoints = Path(arguments[0]), Path(arguments[1]) if arguments[1] else None
    job = Job.from_json((outbox / "job.json").read_text(encoding="utf-8"))
    record = job.blank_record()
    try:
        try:
            measured = answer_only(job, outbox) if job.answer_only else measure(job, outbox, checkpoints)
            record |= measured | {"status": "ok"}
        except Exception as error:
            if isinstance(error, OSError) and error.errno in STORAGE_ERRNOS:
                raise
            record |= _failure(error)
        store.write_record_file(outbox / "record.json", record | {"finished": now()})
    except OSError as error:
        traceback.print_exc()
        return STORAGE_EXIT + STORAGE_ERRNOS.index(error.errno) if error.errno in STORAGE_ERRNOS else 1
    return 0


def measure(job: Job, outbox: Path, checkpoints: Path | None) -> dict[str, Any]:
    """Fit the recognizer of the cell, score it, save its bundle and time it; return the measured part of the record."""
    cell, dataset, task = job.cell, read_data(Path(job.data)), get_task(job.task)
    recipe = models.get_recipe(cell.recipe)
    identified = identity.identify(cell, job.dataset, job.task, job.bundles, job.protocol.get("name", store.OFFICIAL))
    # Under a protocol, bundles of the test rows are refused before; those of the divided data are no surprise.
    own_data = job.protocol.get("fingerprint") or job.dataset["fingerprint"]
    made_of, warning = fit.describe_bundles(job.bundles, own_data)
    fitted = _fit(job, dataset, checkpoints)
    if job.protocol:
        refuse_seen(fitted.recognizer, job.protocol)
    arrays, scores, predict_s = task.predict(fitted, dataset)
    store.save_arrays(outbox / task.companion / f"{cell.cell_id}.npz", arrays)
    if job.test:
        # From here on nothing is fitted.
        answers, took = task.blind(fitted, read_test_images(Path(job.test)))
        store.save_arrays(outbox / ANSWERS, {"answers": answers})
        predict_s += took
    peak = store.peak_memory_bytes()
    combined = recipe.family == "pretrained" and not hasattr(fitted.recognizer, "write_model")
    if job.protocol and not combined:
        bundled = dict(NO_BUNDLE)
    elif combined:
        bundled = _put_together(job, fitted.recognizer)
    else:
        bundled = _bundle(fitted.recognizer, job, dataset, scores, outbox)
    warning = getattr(fitted.recognizer, "warning_", None) or warning
    notes = [bundled["reason"], _foreign_training(fitted.recognizer, own_data) or warning]
    bundled["reason"] = "; ".join(note for note in notes if note) or None
    bundle = outbox / bundled["bundle"] if bundled["bundle"] else None
    timings: dict[str, Any] = {} if job.protocol else dict(_time(fitted.recognizer, bundle, dataset, task))
    return {
        "recipe": {
            "name": cell.recipe,
            "family": recipe.family,
            "params": dict(cell.params),
            "all_params": fit.with_names(_plain_params(fitted.recognizer), cell.params),
            **({"made_of": made_of} if made_of else {}),
            **models.describe(fitted.recognizer),
        },
        "identity": identified,
        **task.outputs(fitted.recognizer, dataset),
        "timings": {
            **NOT_TIMED,
            **{"extract_s": fitted.extract_s, "fit_s": fitted.fit_s, "predict_s": predict_s},
            **timings,
        },
        "peak_memory_bytes": peak,
        "history": _plain(getattr(fitted.recognizer, "history_", None)),
        "environment": store.environment(),
        "files": list_files(outbox),
        **bundled,
    }


def answer_only(job: Job, outbox: Path) -> dict[str, Any]:
    """Predict the test images with the bundle measured before; return the measured part of the record."""
    measured = fit.Fitted(models.load_bundle(job.bundle).without_calibration(), 0.0) if job.bundle else None
    fitted = measured or _fit(job, read_data(Path(job.data)), None)
    answers, predict_s = get_task(job.task).blind(fitted, read_test_images(Path(job.test)))
    store.save_arrays(outbox / ANSWERS, {"answers": answers})
    classes = [str(name) for name in getattr(fitted.recognizer, "classes_", ())]
    return {"classes": classes, "environment": store.environment(), "timings": {"predict_s": predict_s}}


def _fit(job: Job, dataset: Any, checkpoints: Path | None) -> "fit.Fitted":
    cell, recipe = job.cell, models.get_recipe(job.cell.recipe)
    recognizer = fit.seed_recognizer(recipe.build(**fit.with_folders(cell.params, job.bundles)), cell.seed)
    if checkpoints and "checkpoint_dir" in recognizer.get_params():
        recognizer.set_params(checkpoint_dir=str(checkpoints))
    data = fit.FitData.of(dataset, get_task(job.task).validation)
    return fit.fit_recognizer(recognizer, recipe.family, data, memory_mb=job.memory_mb)


def _foreign_training(recognizer: Any, fingerprint: str) -> str | None:
    """Warn about a network trained on other data, because it may have been trained on the test images of this cell."""
    trained = [getattr(part, "trained_on_", fingerprint) for part in model_parts.parts_of(recognizer)]
    if others := sorted({data[:12] or "unknown data" for data in trained if data != fingerprint}):
        return f"features of a network trained on other rows ({', '.join(others)}): it may have seen these test images"
    return None


def _plain_params(recognizer: Any) -> dict[str, Any]:
    """Return all parameters including defaults, which can change between versions, without nested estimators."""
    params = recognizer.get_params()
    plain = {
        name: value if isinstance(value, int | float | str | None) else repr(value)
        for name, value in params.items()
        if not hasattr(value, "get_params")
        and name.split("__")[-1] not in ("steps", "transformer_list", "members", "checkpoint_dir")
    }
    return dict(sorted(plain.items()))


def _start_guard() -> None:
    if not can_pass_pipes():
        return
    waiting, held = os.pipe()
    # `held` stays open until this process ends; its child processes do not inherit it.
    os.set_inheritable(held, False)
    subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _GUARD, str(waiting)],
        pass_fds=(waiting,),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(waiting)


def _failure(error: Exception) -> dict[str, Any]:
    text = " ".join(str(error).split())
    tail = trace_of(error)[-8000:]
    if isinstance(error, fit.TooLarge):
        return {"status": "oom", "reason": text, "traceback": None}
    if isinstance(error, MemoryError):
        return {"status": "oom", "reason": f"ran out of memory: {text or 'no message'}", "traceback": tail}
    if isinstance(error, ImportError) and "ferbench[" in text:
        return {"status": "skipped", "reason": text, "traceback": tail}
    return {"status": "error", "reason": f"{type(error).__name__}: {text}", "traceback": tail}


def _put_together(job: Job, recognizer: Any) -> dict[str, Any]:
    """Return the placeholder for a recipe that only combines existing bundles, or that answers elsewhere."""
    if reason := getattr(recognizer, "cannot_travel", None):
        return {"bundle": None, "size_bytes": recognizer.size_bytes_, "reason": f"no bundle: {reason}"}
    parts = [path.stat().st_size for folder in job.bundles.values() for path in Path(folder).iterdir()]
    reason = "no bundle of its own: it combines existing bundles"
    return {"bundle": None, "size_bytes": sum(parts) or None, "reason": reason}


def _bundle(recognizer: Any, job: Job, dataset: Any, scores: dict[str, Any], outbox: Path) -> dict[str, Any]:
    """Save the recognizer as a bundle and load it again, so that the bundle is timed."""
    cell, task = job.cell, get_task(job.task)
    name = f"bundles/{cell.cell_id}"
    info = {
        "recipe": {"name": cell.recipe, "params": dict(cell.params)},
        "seed": cell.seed,
        "dataset": {key: job.dataset[key] for key in ("name", "fingerprint", "drawn", "notes")},
        "scores": scores,
    }
    try:
        images, labels = dataset.part("Training")
        trained_on: dict[str, Any] = {"image_shape": images.shape[1:], "images": images, "labels": labels}
        models.save_bundle(outbox / name, recognizer, info=info, **trained_on)
        _check_same(recognizer, models.load_bundle(outbox / name), dataset, task)
    except (OSError, MemoryError, ImportError):
        raise
    except Exception as error:
        # A third-party recognizer that cannot be saved is still measured, in memory.
        shutil.rmtree(outbox / name, ignore_errors=True)
        text = " ".join(str(error).replace(f"{outbox}/", "").split())
        reason = f"no bundle: {type(error).__name__}: {text[:200]}"
        return {"bundle": None, "size_bytes": None, "reason": reason}
    size = sum(path.stat().st_size for path in (outbox / name).iterdir())
    return {"bundle": name, "size_bytes": size, "reason": None}


def _check_same(recognizer: Any, loaded: Any, dataset: Any, task: Task) -> None:
    import numpy as np

    images = dataset.part(task.validation)[0][:64]
    gap = float(np.abs(task.answer(recognizer)(images) - task.answer(loaded)(images)).max())
    if not gap <= task.tolerance(dataset):
        raise ValueError(f"the bundle's {task.companion} differ from the recognizer's by up to {gap:.3g}")


def _time(recognizer: Any, bundle: Path | None, dataset: Any, task: Task) -> dict[str, Any]:
    """Time the reloaded bundle, or the recognizer in memory if it has no bundle."""
    images = dataset.part(task.validation)[0]
    predict = task.answer(models.load_bundle(bundle) if bundle else recognizer)
    throughput = store.measure_throughput(predict, images)
    if not task.one_core:
        return {"throughput_images_per_s": throughput, "latency_ms": store.measure_latency(predict, images, n=700)}
    with store.one_core():
        predict = task.answer(models.load_bundle(bundle, n_threads=1) if bundle else recognizer)
        latency = store.measure_latency(predict, images, n=700)
    return {"throughput_images_per_s": throughput, "latency_ms": latency | {"cores": 1}}


def _plain(history: Any) -> dict[str, list[float | None]] | None:
    if not history:
        return None
    return {
        # JSON has no NaN, which stands for an epoch without this value.
        str(key): [None if math.isnan(value) else float(value) for value in values]
        for key, values in history.items()
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
