"""Malicious bundles: inconsistent arrays, decompression bombs, and huge or deeply nested schemas."""

import copy
import io
import json
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from ferbench.datasets import Dataset, make_faces
from ferbench.features import PixelExtractor
from ferbench.models import load_bundle, make_recipe, save_bundle
from ferbench.models.bundles import digest, file_sha256

MIB_ALLOWED = 300


@pytest.fixture(scope="module")
def faces() -> Dataset:
    return make_faces(140, random_state=8, difficulty=0.2)


@pytest.fixture(scope="module")
def fitted(faces: Dataset) -> Callable[[str], Any]:
    """Each recipe fitted once on small images; a copy of it."""
    small = np.ascontiguousarray(faces.images[:, ::4, ::4])
    found: dict[str, Any] = {}

    def recognizer(name: str) -> Any:
        if name not in found:
            found[name] = make_recipe(name).fit(small, faces.labels)
        return copy.deepcopy(found[name])

    return recognizer


def damaged(recognizer: Any, folder: Path, change: Callable[[Any], None], side: int = 48) -> Path:
    """A bundle of a recognizer after `change` to its last step."""
    change(recognizer[-1])
    return save_bundle(folder / "b", recognizer, image_shape=(side, side))


def setter(name: str, make: Callable[[Any], Any]) -> Callable[[Any], None]:
    return lambda estimator: setattr(estimator, name, make(getattr(estimator, name)))


def with_nan(array: Any) -> Any:
    array = array.copy()
    array.flat[0] = np.nan
    return array


def shorter(array: Any) -> Any:
    return array[:-1].copy()


@pytest.mark.parametrize(
    "name, change, message",
    [
        ("pixels+svm", setter("coefficients_", shorter), r"SVM\.coefficients_ has the shape"),
        (
            "pixels+svm",
            setter("support_vectors_", with_nan),
            r"SVM\.support_vectors_ holds numbers that",
        ),
        ("pixels+svm", setter("intercept_", shorter), r"SVM\.intercept_ has the shape"),
        ("pixels+svm", setter("gamma_", lambda _: float("inf")), r"SVM\.gamma_ must be at least 0"),
        ("pixels+linear-svm", setter("coefficients_", lambda a: a[:, :-1].copy()), r"SVM\.coefficients_ has the shape"),
        ("pixels+logreg", setter("coef_", lambda a: a[:, :-1].copy()), r"LogisticRegression\.coef_ has the shape"),
        ("pixels+knn", setter("targets_", lambda a: a + 1000), r"KNN\.targets_ must lie from 0 to below"),
        ("pixels+knn", setter("norms_", shorter), r"KNN\.norms_ has the shape"),
        ("pixels+local-svm", setter("rows_", shorter), r"LocalSVM\.\w+_ has the shape"),
        ("pixels+sgd-svm", setter("coefficients_", lambda a: a[:, :-1].copy()), r"SGD\.coefficients_ has the shape"),
        ("pixels+kernel-ridge", setter("dual_coef_", shorter), r"KernelRidge\.dual_coef_ has the shape"),
        ("pixels+kernel-ridge", setter("rates_", lambda _: [float("nan")]), r"KernelRidge\.rates_ must be 1 finite"),
        ("pixels+lda", setter("score_scale_", shorter), r"Calibrated\.score_scale_ has the shape"),
    ],
)
def test_inconsistent_arrays_are_refused(
    fitted: Callable[[str], Any], tmp_path: Path, name: str, change: Callable[[Any], None], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        load_bundle(damaged(fitted(name), tmp_path, change, side=12))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name, make, message",
    [
        ("_intercept_", lambda a: a[:0].copy(), r"SVC\._intercept_ has the shape \(0,\)"),
        ("_dual_coef_", lambda a: a[:, :3].copy(), r"SVC\._dual_coef_ has the shape"),
        ("_n_support", lambda a: a + np.int32(1), r"SVC\.n_support_ must add up"),
        ("support_", lambda a: a + np.int32(10**6), r"SVC\.support_ must lie from 0"),
        ("kernel", lambda _: "precomputed", r"SVC\.kernel must be"),
    ],
)
def test_arrays_of_libsvm_are_checked_before_libsvm_reads_them(
    faces: Dataset, tmp_path: Path, name: str, make: Callable[[Any], Any], message: str
) -> None:
    stack = StackingClassifier([("svc", SVC())], LogisticRegression(max_iter=500), cv=2)
    recognizer = Pipeline([("features", PixelExtractor()), ("classifier", stack)]).fit(faces.images, faces.labels)
    # A type that skops does not know, and that predicting does not need.
    del recognizer[-1].named_estimators_
    whole = save_bundle(tmp_path / "whole", recognizer, image_shape=(48, 48))
    assert load_bundle(whole).predict_proba(faces.images[:2]).shape == (2, 7)
    with pytest.raises(ValueError, match=message):
        load_bundle(damaged(recognizer, tmp_path, lambda last: setter(name, make)(last.estimators_[0])))


def rewritten(bundle: Path, model: bytes) -> Path:
    """The bundle with another model, hashed as a forger would."""
    (bundle / "model.skops").write_bytes(model)
    info = json.loads((bundle / "bundle.json").read_text())
    info["files"]["model.skops"] = file_sha256(bundle / "model.skops")
    (bundle / "bundle.json").write_text(json.dumps({**info, "sha256": digest(info)}))
    return bundle


def archive(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression, compresslevel=1) as target:
        for name, data in members.items():
            target.writestr(name, data)
    return content.getvalue()


def _node(content: str) -> str:
    return f'{{"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "content": {content}}}'


def _deep() -> bytes:
    return archive({"schema.json": ('{"a":' * 100_000 + "1" + "}" * 100_000).encode()})


def _nested_lists() -> bytes:
    text = "[]"
    for _ in range(300):
        text = _node(f"[{text}]")
    return archive({"schema.json": text.encode()})


def _repeated() -> bytes:
    return archive({"schema.json": _node("[" + "{}," * 3_000_000 + "{}]").encode()}, zipfile.ZIP_DEFLATED)


def _hidden_brackets() -> bytes:
    hidden = "\\u005b" * 1_500_000
    return archive({"schema.json": _node(f'"{hidden}"').replace("ListNode", "JsonNode").encode()})


def _gigabytes() -> bytes:
    return archive({"schema.json": b"{}", "1.npy": bytes(400 * 2**20)}, zipfile.ZIP_DEFLATED)


def _many_members() -> bytes:
    return archive({"schema.json": b"{}", **{f"{i}.npy": b"" for i in range(60_000)}})


def _promising_array() -> bytes:
    header = str({"descr": "<f8", "fortran_order": False, "shape": (10**12,)}).ljust(117).encode() + b"\n"
    return archive({"schema.json": b"{}", "1.npy": b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header})


BOMBS = {
    _deep: r"nested",
    _nested_lists: r"nested more than",
    _repeated: r"parts; expected at most",
    _hidden_brackets: r"parts; expected at most",
    _gigabytes: r"unpacks from",
    _many_members: r"files are in the archive",
    _promising_array: r"promises 8,000,000,000,000 bytes",
}


@pytest.fixture(scope="module")
def answers(faces: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, int]]:
    """What one process says about each bomb, and the most memory it had used by then, in MiB."""
    folder = tmp_path_factory.mktemp("bombs")
    recognizer = make_recipe("pixels+logreg").fit(faces.images, faces.labels)
    for bomb in BOMBS:
        rewritten(save_bundle(folder / bomb.__name__, recognizer, image_shape=(48, 48)), bomb())
    code = (
        "import sys\nfrom pathlib import Path\nfrom ferbench.models import load_bundle\nfor name in sys.argv[1:]:\n"
        "    try:\n        load_bundle(name)\n        print('no error')\n"
        "    except ValueError as error:\n        print(error)\n"
        # Not ru_maxrss: that of a child begins at its parent's.
        "    print(int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) // 1024)"
    )
    command = [sys.executable, "-c", code, *(str(folder / bomb.__name__) for bomb in BOMBS)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    said = zip(lines[::2], map(int, lines[1::2]), strict=True)
    return {bomb.__name__: answer for bomb, answer in zip(BOMBS, said, strict=True)}


@pytest.mark.parametrize("bomb", list(BOMBS), ids=lambda bomb: bomb.__name__)
def test_decompression_bombs_are_refused_in_little_memory(
    answers: dict[str, tuple[str, int]], bomb: Callable[[], bytes]
) -> None:
    message, peak = answers[bomb.__name__]
    assert peak < MIB_ALLOWED
    assert re.search(BOMBS[bomb], message), message


def test_a_tree_with_more_outputs_than_counts_is_refused_before_it_is_built(faces: Dataset, tmp_path: Path) -> None:
    recognizer = make_recipe("pixels+tree").fit(faces.images, faces.labels)
    bundle = save_bundle(tmp_path / "b", recognizer, image_shape=(48, 48))
    with zipfile.ZipFile(bundle / "model.skops") as source:
        members = {name: source.read(name) for name in source.namelist()}
    schema = json.loads(members["schema.json"])
    trees: list[Any] = []

    def find(part: Any) -> None:
        if isinstance(part, dict):
            if part.get("__loader__") == "TreeNode":
                trees.append(part)
            for value in part.values():
                find(value)
        elif isinstance(part, list):
            for value in part:
                find(value)

    find(schema)
    outputs = trees[0]["__reduce__"]["args"]["content"][2]
    for change in ({"content": "1000000000"}, {"__loader__": "TypeNode"}):
        before = dict(outputs)
        outputs.update(change)
        rewritten(bundle, archive(members | {"schema.json": json.dumps(schema).encode()}))
        with pytest.raises(ValueError, match="a decision tree inside has more than one output"):
            load_bundle(bundle)
        outputs.update(before)
    # An older part under the number of the tree's counts would be taken in their place.
    decoy = {**outputs, "content": "1000000000"}
    schema["content"]["content"]["verbose"] = decoy
    rewritten(bundle, archive(members | {"schema.json": json.dumps(schema).encode()}))
    with pytest.raises(ValueError, match="a decision tree inside has more than one output"):
        load_bundle(bundle)
