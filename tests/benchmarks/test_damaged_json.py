"""Suites and results files of the wrong shape are refused in one line that names the file; nothing else is raised."""

import copy
import json
import logging
import shutil
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_results import fake_results
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferbench.benchmarks import load_suite
from ferbench.benchmarks.report import read_results
from ferbench.benchmarks.run import find_suite
from ferbench.benchmarks.store import Store, check_record, check_suite, save_arrays
from ferbench.benchmarks.tasks import task_of

ROOT = Path(__file__).parents[2]
RECORDS = [json.loads(path.read_bytes()) for path in sorted(ROOT.glob("results/**/records/*.json"))]
SUITES = [json.loads(path.read_bytes()) for path in sorted(ROOT.glob("results/**/suite.json"))]
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 2**40) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fake_results(tmp_path_factory.mktemp("fake") / "results")


def places(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where something can be put in the place of something else."""
    yield path
    keys = content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in keys:
        yield from places(content[key], (*path, key))


def mutated(data: st.DataObject, content: Any) -> Any:
    """The content with one value replaced or taken away."""
    path = data.draw(st.sampled_from(list(places(content))))
    if not path:
        return data.draw(JSON)
    new = copy.deepcopy(content)
    parent = new
    for key in path[:-1]:
        parent = parent[key]
    if data.draw(st.booleans()):
        parent[path[-1]] = data.draw(JSON)
    else:
        del parent[path[-1]]
    return new


def one_line(error: Exception, name: str) -> None:
    assert isinstance(error, OSError | ValueError) and name in str(error) and "\n" not in str(error)


def test_published_files_have_the_shape() -> None:
    assert len(RECORDS) > 60 and len(SUITES) >= 5
    assert [check_record("record", record) for record in RECORDS] == RECORDS
    assert [check_suite("suite.json", suite) for suite in SUITES] == SUITES


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("recipe", [], "x.json: expected recipe to be an object; got \\[\\]"),
        ("seed", "0", "x.json: expected seed to be a whole number; got '0'"),
        ("seed", True, "x.json: expected seed to be a whole number; got True"),
        ("dataset", {"fingerprint": 3}, "x.json: expected dataset.fingerprint to be text; got 3"),
        ("timings", {"latency_ms": {"median": "fast"}}, "x.json: expected timings.latency_ms.median to be a number"),
        ("files", {"a": {"bytes": 1}}, "x.json: expected files.a to have 'sha256'"),
    ],
)
def test_the_field_is_named(field: str, value: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        check_record("x.json", RECORDS[0] | {field: value})


@QUICK
@given(data=st.data())
def test_a_changed_record_is_read_or_left_out(data: st.DataObject, folder: Path) -> None:
    path = data.draw(st.sampled_from(sorted((folder / "records").iterdir())))
    kept = path.read_text()
    try:
        path.write_text(json.dumps(mutated(data, json.loads(kept))))
        logging.disable(logging.CRITICAL)
        for record in Store(folder).records():
            Store(folder).problem(record)
        read_results(folder)
    except (ValueError, OSError) as error:
        assert "\n" not in str(error)
    finally:
        logging.disable(logging.NOTSET)
        path.write_text(kept)


@QUICK
@given(data=st.data())
def test_a_changed_suite_json_is_read_or_refused(data: st.DataObject, folder: Path) -> None:
    path = folder / "suite.json"
    kept = path.read_text()
    try:
        path.write_text(json.dumps(mutated(data, SUITES[0])))
        for read in (task_of, find_suite, read_results):
            try:
                read(folder)  # type: ignore[operator]
            except (ValueError, OSError) as error:
                one_line(error, "suite.json")
    finally:
        path.write_text(kept)


@QUICK
@given(data=st.data())
def test_a_changed_suite_is_read_or_refused(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    text = (resources.files("ferbench.benchmarks.suites") / "keypoints-faces.toml").read_text()
    path = tmp_path_factory.getbasetemp() / "changed.toml"
    path.write_text(toml(mutated(data, tomllib.loads(text))))
    try:
        load_suite(path).cells("ab12")
    except (ValueError, OSError) as error:
        one_line(error, "changed.toml")


def toml(content: Any) -> str:
    """Inline TOML of plain JSON; what TOML cannot say becomes text."""
    if not isinstance(content, dict):
        return f"wrong = {_value(content)}"
    return "\n".join(f"{json.dumps(key)} = {_value(value)}" for key, value in content.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if value is None or isinstance(value, float):
        return repr(value) if value is not None and "." in repr(value) and "e" not in repr(value) else '""'
    return json.dumps(value)


@pytest.mark.parametrize(
    "arrays",
    [
        {"PublicTest": np.zeros((3, 2), np.float32)},
        {"classes": np.array("a"), "PublicTest": np.zeros((3, 2), np.float32)},
        {"classes": np.array([1, 2]), "PublicTest": np.zeros((3, 2), np.float32)},
        {"classes": np.array(["a", "b"]), "PublicTest": np.zeros(3, np.float32)},
        {"classes": np.array(["a", "b"]), "PublicTest": np.array([["a", "b"]])},
    ],
)
def test_probabilities_of_another_form_are_refused(arrays: dict[str, Any], folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    path = sorted((tmp_path / "copy" / "probabilities").iterdir())[0]
    save_arrays(path, arrays)
    with pytest.raises(ValueError, match=f"{path.name}: expected ") as caught:
        read_results(tmp_path / "copy")
    one_line(caught.value, path.name)
