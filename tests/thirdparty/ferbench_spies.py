"""A third-party package with recipes that watch, fail and misbehave, found through its entry points.

It is not installed: tests put its folder on the path of the processes they start.
"""

import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin

from ferbench.models import Recipe


def digest(image):
    return hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()


def note(event, images=()):
    """Append one line per image to the file that the test reads."""
    with Path(os.environ["SPY_LOG"]).open("a") as log:
        log.writelines(f"{event} {digest(image)}\n" for image in images)
        if not len(images):
            log.write(f"{event} {os.getpid()}\n")


class Nearest(ClassifierMixin, BaseEstimator):
    """Nearest class mean on 6 x 6 gray levels: fast, deterministic, better than chance."""

    def __init__(self, seconds=0.0, random_state=None):
        self.seconds = seconds
        self.random_state = random_state

    def fit(self, X, y):
        time.sleep(self.seconds)
        self.classes_ = np.unique(y)
        self.means_ = np.stack([self._reduce(X[y == name]).mean(axis=0) for name in self.classes_])
        return self

    def predict_proba(self, X):
        distances = ((self._reduce(X)[:, None] - self.means_) ** 2).mean(axis=2)
        odds = np.exp(-distances / 500)
        return odds / odds.sum(axis=1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    @staticmethod
    def _reduce(X):
        return X.reshape(len(X), 6, X.shape[1] // 6, 6, X.shape[2] // 6).mean(axis=(2, 4)).reshape(len(X), -1)


class Spy(Nearest):
    """Notes every image it is handed, and when."""

    def fit(self, X, y, *, X_val=None, y_val=None):
        note("fit", X)
        note("validation", X_val if X_val is not None else ())
        super().fit(X, y)
        note("fitted")
        return self

    def predict_proba(self, X):
        note("predict", X)
        return super().predict_proba(X)


class SpiedPixels(TransformerMixin, BaseEstimator):
    """An extractor that notes what it is fitted on and how often it transforms many images."""

    def fit(self, X, y=None):
        note("extractor-fit", X)
        self.n_features_ = X[0].size
        return self

    def transform(self, X):
        if len(X) > 1:
            note(f"extractor-transform-{len(X)}")
        return X.reshape(len(X), -1).astype(np.float32)

    def get_feature_names_out(self, input_features=None):
        return np.array([f"gray{i}" for i in range(self.n_features_)], dtype=object)


class Crash(Nearest):
    def fit(self, X, y):
        raise RuntimeError("the kernel is not\npositive definite")


class Segfault(Nearest):
    def fit(self, X, y):
        os.kill(os.getpid(), signal.SIGSEGV)


class Hungry(Nearest):
    """Takes memory until somebody stops it."""

    def fit(self, X, y):
        held = []
        while True:
            held.append(np.ones(2**23))
            time.sleep(0.05)


class OutOfMemory(Nearest):
    def fit(self, X, y):
        raise MemoryError("Unable to allocate 99 TiB")


class Endless(Nearest):
    """Never ends, and has a helper process that would not either."""

    def fit(self, X, y):
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        Path(os.environ["SPY_LOG"]).write_text(f"{os.getpid()} {helper.pid}")
        time.sleep(1000)


class NoExtra(Nearest):
    def fit(self, X, y):
        raise ImportError('NoExtra needs a package: pip install "ferbench[deep]"')


class FatalWorker(Nearest):
    """Kills the Dask worker that runs it; with `times`, only so often over all attempts."""

    def __init__(self, times=1, random_state=None):
        self.times = times
        self.random_state = random_state

    def fit(self, X, y):
        log = Path(os.environ["SPY_LOG"])
        attempts = len(log.read_text().splitlines()) if log.exists() else 0
        note("attempt")
        if attempts < self.times:
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(1000)
        self.seconds = 0.0
        return super().fit(X, y)


quick = Recipe("quick", "classical", Nearest)
slow = Recipe("slow", "classical", lambda: Nearest(seconds=1.0))
spy = Recipe("spy", "deep", Spy)
crash = Recipe("crash", "classical", Crash)
segfault = Recipe("segfault", "classical", Segfault)
hungry = Recipe("hungry", "classical", Hungry)
memory_error = Recipe("memory-error", "classical", OutOfMemory)
endless = Recipe("endless", "classical", Endless)
no_extra = Recipe("no-extra", "classical", NoExtra)
fatal_worker = Recipe("fatal-worker", "classical", FatalWorker)


class PointSpy(RegressorMixin, BaseEstimator):
    """A key-point regressor that notes what it is handed: the mean shape, a little off."""

    def __init__(self, value=0.0):
        self.value = value

    def fit(self, X, points, X_val=None, points_val=None):
        note("fit", X)
        note("validation", X_val)
        assert points.shape == (len(X), 15, 2) and points_val.shape == (len(X_val), 15, 2)
        self.mean_ = np.nanmean(points, axis=0) + self.value
        note("fitted")
        return self

    def predict(self, X):
        note("predict", X)
        return np.repeat(self.mean_[None], len(X), axis=0).astype(np.float32)


POINT_SPY = Recipe("points-spy", "keypoints", PointSpy)
POINT_NAN = Recipe("points-nan", "keypoints", lambda: PointSpy(float("nan")))


class Thief(Nearest):
    """Takes whatever its process can reach, while it is fitted, into the file that the test searches.

    Memory of the process, environment, arguments, standard input, the outbox, the data that it was handed, the bundles
    that it is made of, and the cache.
    """

    def __init__(self, bundle=None, random_state=None):
        self.bundle = bundle
        self.random_state = random_state
        self.seconds = 0.0

    def fit(self, X, y):
        super().fit(X, y)
        with Path(os.environ["SPY_LOG"]).open("ab") as loot:
            for piece in self._pieces():
                loot.write(piece)
                loot.write(b"\n")
        return self

    def _pieces(self):
        yield repr([dict(os.environ), sys.argv]).encode()
        yield self._standard_input()
        outbox = Path(sys.argv[1])
        job = json.loads((outbox / "job.json").read_text())
        yield json.dumps(job).encode()
        folders = [outbox, job["data"], job["test"], os.environ["FERBENCH_CACHE"], *job["bundles"].values()]
        for file in sorted({file for folder in folders if folder for file in Path(folder).rglob("*")}):
            if file.is_file():
                yield file.read_bytes()
                if file.suffix == ".npz":
                    with np.load(file) as arrays:
                        yield from (np.ascontiguousarray(array).tobytes() for array in arrays.values())
        yield from self._memory()

    @staticmethod
    def _standard_input():
        if not select.select([0], [], [], 0.1)[0]:
            return b""
        return os.read(0, 2**20)

    @staticmethod
    def _memory():
        with Path("/proc/self/mem").open("rb", buffering=0) as memory:
            for line in Path("/proc/self/maps").read_text().splitlines():
                span, rights = line.split()[:2]
                start, end = (int(place, 16) for place in span.split("-"))
                if rights.startswith("rw") and end - start < 2**27:
                    try:
                        memory.seek(start)
                        yield memory.read(end - start)
                    except (OSError, ValueError, OverflowError):
                        continue


class Misshapen(Nearest):
    """Answers the test images, which it is handed last, with one column too few."""

    def predict_proba(self, X):
        found = super().predict_proba(X)
        self.calls_ = getattr(self, "calls_", 0) + 1
        return found if self.calls_ == 1 else found[:, 1:]


thief = Recipe("thief", "classical", Thief)
misshapen = Recipe("misshapen", "classical", Misshapen)
