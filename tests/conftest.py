"""Shared fixtures: where the public data lies, and a cache of its own for each test run."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tests that import onnxruntime by themselves send nothing either.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
# Tests run side by side, one core each: threads that wait for one another's core cost many times what they give.
for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
    os.environ.setdefault(_threads, "1")
# Processes that tests start compile a module once for all of them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Helpers that several tests share lie beside them.
sys.path.append(str(Path(__file__).parent))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the public data sets, or a skip where it is absent."""
    folder = Path(os.environ.get("FERBENCH_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"public data sets not found in {folder}; set FERBENCH_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """The folder with damaged and unusual files, or a skip where it is absent."""
    folder = Path(os.environ.get("FERBENCH_CASES", Path(__file__).parents[2] / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip(f"unusual files not found in {folder}; set FERBENCH_CASES to their folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the tests out of the user's cache."""
    os.environ["FERBENCH_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def spies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the third-party package with the recipes that watch and misbehave known to all processes.

    Returns the file it writes its notes to.
    """
    from thirdparty_package import know_spies

    return know_spies(monkeypatch, tmp_path / "spy.log")


@pytest.fixture
def cells_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Measure cells in this process, for tests of what comes out: a process of its own imports for seconds."""
    from ferbench.benchmarks import api, run

    for place in (api, run):
        monkeypatch.setattr(place, "make_executor", lambda *_: run.InProcessExecutor())


@pytest.fixture
def blank_drawings() -> Iterator[None]:
    """Leave the plots of reports empty, for tests that look at none of them: drawing takes seconds."""
    from cells_here import undrawn

    with undrawn():
        yield


@pytest.fixture
def blank_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures of audits empty, for tests that look at none of them: they are made, but not rendered."""
    from ferbench.datasets.audits import images, points

    for place in (images, points):
        monkeypatch.setattr(place, "save_figure", lambda _, path: path.write_bytes(b"\x89PNG"))
