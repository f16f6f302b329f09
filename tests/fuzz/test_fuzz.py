"""Damaged input of every kind: exit code 0 or 2, one line that names the file or the option, and never a traceback.

``FUZZ_CASES`` sets how many (default 36), ``FUZZ_SEED`` which, ``FUZZ_WORKERS`` the processes (default 1),
``FUZZ_KINDS`` some kinds only, ``FUZZ_BUDGET_S`` ends a run early, ``FUZZ_KEEP=1`` keeps the files of each case, and
``FUZZ_REPORT=PATH`` writes the counts as ``PATH/fuzz.csv`` and ``PATH/fuzz.md``, and what was found as
``PATH/../fuzz-found.txt``.
"""

import os
import random
from pathlib import Path

import fuzz_mutations
import pytest
from fuzz_kinds import KINDS
from fuzz_material import make_material
from fuzz_pool import Pool
from fuzz_report import GOOD, found_text, write_report
from fuzz_worker import judge, make_case

CASES = int(os.environ.get("FUZZ_CASES", "36"))
SEED = int(os.environ.get("FUZZ_SEED", "0"))


@pytest.fixture(scope="module")
def valid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_material(tmp_path_factory.mktemp("valid"))


@pytest.mark.timeout(0)
def test_no_input_ends_in_a_traceback_a_hang_or_a_riddle(valid: Path, tmp_path: Path) -> None:
    kinds = os.environ.get("FUZZ_KINDS", ",".join(KINDS)).split(",")
    jobs = [(kinds[number % len(kinds)], number // len(kinds)) for number in range(CASES)]
    pool = Pool(SEED, valid, tmp_path, int(os.environ.get("FUZZ_WORKERS", "1")))
    results = pool.run(jobs, float(os.environ.get("FUZZ_BUDGET_S", "inf")))
    if report := os.environ.get("FUZZ_REPORT"):
        write_report(Path(report), results, SEED)
    bad = [result for result in results if result["outcome"] not in GOOD]
    assert not bad, found_text(bad)


@pytest.mark.parametrize("kind", KINDS)
def test_a_case_is_made_again_from_its_seed_and_number(kind: str, valid: Path, tmp_path: Path) -> None:
    def content(place: Path) -> tuple[list[str], dict[str, bytes]]:
        argv = make_case(3, kind, 5, valid, place)
        files = {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}
        return [word.replace(str(place), "") for word in argv], files

    assert content(tmp_path / "a") == content(tmp_path / "b")


@pytest.mark.parametrize(
    ("code", "raised", "err", "outcome"),
    [
        (0, "", "ferbench: note: skipped a.png\n", "ok"),
        (2, "", "ferbench: error: a.png: damaged image\n", "refused"),
        (2, "", "usage: ferbench image\nferbench image: error: argument --threads: must be at least 1\n", "refused"),
        (2, "", "ferbench: error: index 3 is out of bounds\n", "unnamed"),
        (2, "", "ferbench: error: a.png\nferbench: error: twice\n", "message"),
        (1, "", "", "code"),
        (0, "Traceback", "", "traceback"),
        (2, "", "Traceback (most recent call last):\n", "traceback"),
    ],
)
def test_how_a_case_is_judged(code: int, raised: str, err: str, outcome: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert judge(["image", str(tmp_path / "a.png")], tmp_path, code, raised, err)["outcome"] == outcome


def test_a_document_that_was_replaced_as_a_whole_can_be_damaged_again() -> None:
    for seed in range(300):
        fuzz_mutations.damage_value(random.Random(seed), {"a": [1]})
