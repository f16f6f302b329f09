"""A plug-in is one file in its folder or another package; no other file has to be changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ferbench.datasets import make_faces
from ferbench.models import get_recipe, make_recipe, recipes
from ferbench.utils import find_registered

ROOT = Path(__file__).parents[2]
EXTRACTOR = '''
"""Mean gray levels of rows."""

import numpy as np

from ferbench.features.base import ImageExtractor


class RowMeans(ImageExtractor):
    """Mean gray level of each row."""

    def __init__(self, *, n_jobs=None):
        self.n_jobs = n_jobs

    def _names(self):
        return [f"row{y}" for y in range(self.image_shape_[0])]

    def _extract(self, images):
        return images.mean(axis=2, dtype=np.float32)


REGISTERED = {"mine": RowMeans}
'''
CLASSIFIER = '''
"""Nearest class mean."""

from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

REGISTERED = {"bayes": lambda: [("scale", StandardScaler()), ("classifier", GaussianNB())], "plain-bayes": GaussianNB}
'''
MEANS = '''
"""Class means."""

import numpy as np

from ferbench.models.base import RowClassifier


class ClassMeans(RowClassifier):
    """Probabilities by the distance to the mean row of each class."""

    def fit(self, X, y):
        rows, labels = self._checked(X, y)
        self.means_ = np.stack([rows[labels == name].mean(axis=0) for name in self.classes_])
        return self

    def predict_proba(self, X):
        near = 1 / (1 + np.linalg.norm(self._rows(X)[:, None] - self.means_, axis=2))
        return near / near.sum(axis=1, keepdims=True)


class Unregistered(ClassMeans):
    """A type that no recipe contains."""


REGISTERED = {"means": ClassMeans}
'''
USE = """
import numpy as np
import ferbench.features, ferbench.models
assert ferbench.features.__file__.startswith({root!r}), ferbench.features.__file__
from ferbench.features import check_extractor, make_extractor
from ferbench.models import make_recipe, recipes
check_extractor(make_extractor("mine"))
rng = np.random.default_rng(0)
X = rng.integers(0, 256, (40, 24, 24), dtype=np.uint8)
y = np.where(X[:, :12].mean(axis=(1, 2)) > X[:, 12:].mean(axis=(1, 2)), "happy", "sad")
for name in ("mine+svm", "mine+bayes", "hog+mine+plain-bayes", "hog+nearest"):
    print(name, name in recipes(), make_recipe(name).fit(X, y).predict_proba(X).shape)

from ferbench.realtime import detectors, make_detector
image = np.zeros((100, 100, 3), np.uint8)
image[20:60, 30:70] = 255
print("bright" in detectors(), [found.box for found in make_detector("bright").detect(image)])

from ferbench.models import load_bundle, save_bundle
from ferbench.models.classifiers.means import Unregistered

recognizer = make_recipe("mine+means").fit(X, y)
loaded = load_bundle(save_bundle("bundle", recognizer, image_shape=X.shape[1:]))
print(np.abs(loaded.predict_proba(X) - recognizer.predict_proba(X)).max() < 1e-6)
recognizer = make_recipe("mine+means").set_params(classifier=Unregistered()).fit(X, y)
try:
    save_bundle("refused", recognizer, image_shape=X.shape[1:])
except ValueError as error:
    print(error)
"""


def guide(title: str) -> str:
    """A section of CONTRIBUTING."""
    return (ROOT / "CONTRIBUTING.md").read_text().split(f"\n## {title}: one file\n")[1].split("\n## ")[0]


def code_of(section: str) -> str:
    """The Python code of a section."""
    return section.split("```python\n")[1].split("```", maxsplit=1)[0]


def test_one_file_in_its_folder_adds_an_extractor_a_classifier_a_detector_or_a_recipe(tmp_path: Path) -> None:
    for room in ("utils", "features", "models", "realtime"):
        ignored = shutil.ignore_patterns("__pycache__", "pretrained")
        shutil.copytree(ROOT / room, tmp_path / "ferbench" / room, ignore=ignored)
    (tmp_path / "ferbench" / "features" / "mine.py").write_text(EXTRACTOR)
    (tmp_path / "ferbench" / "models" / "classifiers" / "bayes.py").write_text(CLASSIFIER)
    (tmp_path / "ferbench" / "models" / "classifiers" / "means.py").write_text(MEANS)
    # The detector and the recipe are those of the guide, at the places that the guide names.
    detector, recipe = guide("Add a detector"), guide("Add a recipe")
    assert "Put the file into `realtime/detection/`" in detector and "`models/methods/nearest.py`" in recipe
    (tmp_path / "ferbench" / "realtime" / "detection" / "bright.py").write_text(code_of(detector))
    (tmp_path / "ferbench" / "models" / "methods" / "nearest.py").write_text(code_of(recipe))
    code = USE.format(root=str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    *made, found, trusted, refused = done.stdout.splitlines()
    assert found == "True [(30, 20, 40, 40)]"
    assert made == [
        "mine+svm True (40, 2)",
        "mine+bayes True (40, 2)",
        "hog+mine+plain-bayes False (40, 2)",
        "hog+nearest True (40, 2)",
    ]
    # A bundle of what a file registers is saved and loaded; another type of the same file is refused.
    assert trusted == "True"
    assert "it holds the type ferbench.models.classifiers.means.Unregistered, which ferbench does not trust" in refused


@pytest.fixture
def other_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with good and bad classifiers."""
    (tmp_path / "bayes_of_others.py").write_text(CLASSIFIER + "\nMAKE = REGISTERED['bayes']\n")
    info = tmp_path / "bayes_of_others-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bayes-of-others\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[ferbench.classifiers]\n"
        "bayes = bayes_of_others:MAKE\n"
        "absent = bayes_of_others:Nobody\n"
        "wrong = builtins:dict\n"
        "svm = builtins:dict\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))


@pytest.mark.usefixtures("other_package")
def test_a_classifier_of_another_package_is_part_of_recipes() -> None:
    faces = make_faces(70, random_state=0)
    assert "pixels+bayes" in recipes() and get_recipe("hog+pixels+bayes").family == "classical"
    recognizer = make_recipe("pixels+bayes").fit(faces.images, faces.labels)
    assert recognizer.predict_proba(faces.images).shape == (70, len(np.unique(faces.labels)))
    # Built-in names cannot be taken.
    assert type(make_recipe("hog+svm")["classifier"]).__name__ == "SVM"


@pytest.mark.usefixtures("other_package")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "AttributeError: module 'bayes_of_others' has no attribute 'Nobody'; repair or uninstall bayes-of"),
        ("wrong", "must make a scikit-learn classifier of rows; got dict without fit, predict_proba, get_params"),
    ],
)
def test_a_broken_classifier_of_another_package_is_named_and_does_not_affect_others(name: str, message: str) -> None:
    assert {f"hog+{name}", "hog+bayes", "hog+svm"} <= set(recipes())
    make_recipe("hog+bayes")
    with pytest.raises(ImportError, match=message) as caught:
        make_recipe(f"hog+{name}")
    assert f"classifier {name!r} of bayes-of-others" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> tuple[str, Path]:
    name = f"room_of_{request.node.name.partition('[')[0][-20:]}"
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name, folder


def test_modules_that_register_nothing_are_not_imported(room: tuple[str, Path]) -> None:
    name, folder = room
    (folder / "heavy.py").write_text("raise ImportError('heavy')\n")
    (folder / "b.py").write_text("REGISTERED = {'second': 2}\n")
    (folder / "a.py").write_text("REGISTERED: dict[str, int] = {'zero': 0, 'first': 1}\n")
    assert list(find_registered(name).items()) == [("first", 1), ("second", 2), ("zero", 0)]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["REGISTERED = {'a': 1}", "REGISTERED = {'a': 2}"], r"m1 and .*m0 both register 'a'; rename one of them"),
        (["REGISTERED = ['a']"], r"m0: REGISTERED must map names to what they make; got \['a'\]"),
    ],
)
def test_names_that_clash_and_wrong_declarations_are_named(
    room: tuple[str, Path], texts: list[str], message: str
) -> None:
    name, folder = room
    for place, text in enumerate(texts):
        (folder / f"m{place}.py").write_text(text)
    with pytest.raises(ValueError, match=message):
        find_registered(name)
    for module in [each for each in sys.modules if each.startswith(name)]:
        del sys.modules[module]
