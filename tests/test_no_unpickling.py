"""No module of the package unpickles a file, whatever the library calls it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("benchmarks", "cli", "datasets", "features", "models", "realtime", "utils")
# What unpickles, or runs code of the file it reads; and readers of NumPy that do so unless they are told not to.
_READERS = re.compile(
    r"\b(joblib\.(load|Memory)|(from|import) (cloudpickle|dill|marshal|shelve)|read_pickle|torch\.load|load_model"
    r"|(?<!\.)\beval\(|(?<!\.)\bexec\(|yaml\.(unsafe_)?load\(|allow_pickle=True|pickle\.Unpickler|enable_unsafe_deserialization)"
)
# A copy made in memory and read back at once: the check of an extractor.
_COPY = "pickle.loads(pickle.dumps("


def _lines() -> list[tuple[str, str]]:
    return [
        (f"{file.relative_to(ROOT)}:{number}", line)
        for folder in FOLDERS
        for file in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
    ]


# Keras opens its own format without code of the file.
_SAFE = "keras.saving.load_model(file, compile=False, safe_mode=True)"


def test_nothing_that_unpickles_a_file_is_called() -> None:
    found = [(place, line) for place, line in _lines() if _READERS.search(line)]
    assert [place for place, line in found if _SAFE not in line] == []
    assert {place.partition(":")[0] for place, _ in found} <= {"models/foreign/keras_file.py"}


def test_pickle_only_copies_what_is_in_memory() -> None:
    loads = [(place, line) for place, line in _lines() if re.search(r"\bpickle\.loads?\(", line)]
    assert all(_COPY in line for _, line in loads)
    assert {place.partition(":")[0] for place, _ in loads} <= {"features/checks.py"}


def test_numpy_is_told_not_to_unpickle() -> None:
    calls = [(place, line) for place, line in _lines() if "np.load(" in line]
    assert calls
    assert [place for place, line in calls if line.count("np.load(") != line.count("allow_pickle=False")] == []
