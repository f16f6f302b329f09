"""Every field of bundle.json is checked, and invalid content gives a clear error."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ferbench.datasets import make_faces
from ferbench.models import load_bundle, make_recipe, save_bundle
from ferbench.models.bundles import digest, read_description

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    faces = make_faces(70, random_state=3)
    info = {
        "recipe": {"name": "constant", "params": {}},
        "dataset": {"name": "drawn", "fingerprint": "ab", "drawn": True},
        "scores": {"PublicTest": {"accuracy": 0.5, "flag": ""}},
    }
    recognizer = make_recipe("constant").fit(faces.images, faces.labels)
    folder = tmp_path_factory.mktemp("bundles") / "b"
    return save_bundle(folder, recognizer, image_shape=(48, 48), info=info)


@pytest.fixture
def info(bundle: Path) -> dict[str, Any]:
    return json.loads((bundle / "bundle.json").read_text())


def write(bundle: Path, info: Any) -> None:
    if isinstance(info, dict):
        info = {**info, "sha256": digest(info)}
    (bundle / "bundle.json").write_text(json.dumps(info))


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where each part of parsed JSON stands."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, part in inner for found in paths(part, (*path, key)))]


def replaced(info: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(info)
    part = changed
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    return changed


@settings(
    max_examples=300, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_value_of_any_field_is_read_or_refused_in_one_line(
    data: st.DataObject, bundle: Path, info: dict[str, Any]
) -> None:
    path = data.draw(st.sampled_from(paths(info)))
    write(bundle, replaced(info, path, data.draw(ANYTHING)))
    try:
        loaded = load_bundle(bundle)
    except (ValueError, OSError) as error:
        assert "\n" not in str(error) and str(bundle) in str(error)
    else:
        # What other rooms read of it is of the type that they expect.
        described = loaded.info
        assert all(isinstance(described.get(part, {}), dict) for part in ("recipe", "dataset", "scores"))
        assert isinstance(loaded.name, str) and loaded._repr_html_() and repr(loaded)
        float(described["input"].get("crop_margin", 0.0))
    finally:
        write(bundle, info)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_missing_field_is_named_unless_it_is_optional(
    data: st.DataObject, bundle: Path, info: dict[str, Any]
) -> None:
    path = data.draw(st.sampled_from([path for path in paths(info) if path and isinstance(path[-1], str)]))
    changed = copy.deepcopy(info)
    part = changed
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    write(bundle, changed)
    try:
        read_description(bundle)
    except ValueError as error:
        assert "lacks" in str(error) or "must be" in str(error)
    finally:
        write(bundle, info)


@pytest.mark.parametrize(
    "path, value, message",
    [
        (("input", "crop_margin"), 1e9, r"input\.crop_margin must be a number above -0\.9 and below 9; got 1000000000"),
        (("input", "crop_margin"), float("nan"), r"input\.crop_margin must be a number"),
        (("input", "height"), 48.0, r"input\.height must be a whole number of pixels; got 48\.0"),
        (("input", "width"), 10**6, r"input\.width 1000000 is out of range"),
        (("input", "colour"), "rgb", r"input\.colour must be 'grey'; got 'rgb'"),
        (("labels",), "happy", r"labels must be 1 to 1000 distinct strings; got 'happy'"),
        (("labels",), ["sad", "sad"], r"labels must be 1 to 1000 distinct strings"),
        (("files", "../evil"), "0" * 64, r"names the files \['\.\./evil'\]"),
        (("files", "model.skops"), "abc", r"files must be 1 to 64 file names with their SHA-256"),
        (("versions", "scikit-learn"), 1.9, r"versions must be names of packages"),
        (("recipe", "name"), ["a"], r"recipe\.name must be a string"),
        (("scores",), 3, r"scores must be an object"),
        (("scores", "PublicTest", "accuracy"), [1], r"scores\.PublicTest\.accuracy must be a number"),
        (("dataset", "drawn"), "no", r"dataset\.drawn must be true or false"),
        (("format",), True, r"format True, this version reads 1"),
        (("task",), [], r"it is for the task \[\], which this version does not know"),
    ],
)
def test_the_message_names_file_and_field(
    bundle: Path, info: dict[str, Any], path: tuple[str, ...], value: Any, message: str
) -> None:
    write(bundle, replaced(info, path, value))
    try:
        with pytest.raises(ValueError, match=rf"bundle\.json: {message}") as caught:
            load_bundle(bundle)
    finally:
        write(bundle, info)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"[" * 200_000 + b"]" * 200_000, "nested"),
        (b'{"a": ' * 60 + b"1" + b"}" * 60, "nested more than 40 levels"),
        (b"\xff\xfe\x00", "no UTF-8"),
        (b"[" + b"1," * 3_000_000 + b"1]", "bytes long; expected at most"),
        (b"3", r"the whole file must be an object"),
        (b"", r"bundle\.json"),
    ],
)
def test_content_that_is_not_a_description_is_refused(
    bundle: Path, info: dict[str, Any], content: bytes, message: str
) -> None:
    (bundle / "bundle.json").write_bytes(content)
    try:
        with pytest.raises(ValueError, match=rf"bundle\.json: .*{message}|{message}"):
            load_bundle(bundle)
    finally:
        write(bundle, info)


def test_a_bundle_that_would_be_refused_is_not_written(tmp_path: Path) -> None:
    faces = make_faces(70, random_state=3)
    recognizer = make_recipe("constant").fit(faces.images, faces.labels)
    with pytest.raises(ValueError, match=r"recipe\.name must be a string"):
        save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48), info={"recipe": {"name": 3}})
    assert not (tmp_path / "b").exists()
