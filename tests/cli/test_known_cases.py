"""The known unusual and hostile files behave as the list of faults says: each for the right reason."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from ferbench.cli import main
from ferbench.datasets import load
from ferbench.models import load_bundle

PIXELS = Path(__file__).parents[1] / "golden" / "bundles" / "pixels"


def refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line of a refusal."""
    capsys.readouterr()
    assert main(argv) == 2
    lines = [line for line in capsys.readouterr().err.splitlines() if "note:" not in line]
    assert len(lines) == 1, lines
    return lines[0]


@pytest.mark.parametrize("name", ["svc_icpt0", "svc_dual3"])
def test_edited_support_vectors_are_refused_for_what_was_edited(
    name: str, shared_cases: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = shared_cases / "hostile" / name
    with pytest.raises(ValueError) as caught:
        load_bundle(folder)
    expected = {"svc_icpt0": "intercept_", "svc_dual3": "dual_coef_"}[name]
    assert expected in str(caught.value) and name in str(caught.value)
    image = next((shared_cases / "inputs" / "plain").rglob("*.png"))
    assert name in refused(["predict", str(image), "--model", str(folder)], capsys)


@pytest.mark.parametrize("command", ["predict", "image"])
@pytest.mark.parametrize("name", ["bomb.webp", "bomb.jp2"])
def test_image_bombs_are_refused_within_300_mb(name: str, command: str, shared_cases: Path) -> None:
    file = shared_cases / "hostile" / name
    code = (
        "import sys\n"
        "from ferbench.utils.pictures import read_gray, read_image\n"
        "read = read_image if sys.argv[2] == 'image' else lambda name: read_gray(name, 48)\n"
        "try: read(sys.argv[1])\n"
        "except ValueError as error: print(error)\n"
        # Not ru_maxrss: that of a child begins at its parent's.
        "print(int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) / 1024)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file), command], capture_output=True, text=True, check=True)
    message, peak = done.stdout.splitlines()
    assert "pixels are too many" in message and name in message and done.stderr == ""
    assert float(peak) < 300


@pytest.mark.parametrize("name", ["bomb.webp", "bomb.jp2"])
def test_commands_say_why_a_bomb_is_refused(name: str, shared_cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(shared_cases / "hostile" / name)
    assert "pixels are too many" in refused(["predict", file, "--model", str(PIXELS)], capsys)


def test_a_motion_photo_is_read(shared_cases: Path, tmp_path: Path) -> None:  # F5
    file = str(shared_cases / "inputs" / "motion.jpg")
    assert main(["predict", file, "--model", str(PIXELS), "--csv", str(tmp_path / "a.csv")]) == 0
    with (tmp_path / "a.csv").open() as handle:
        (row,) = csv.DictReader(handle)
    assert row["image"] == file and row["label"]


def test_kaggles_file_is_the_same_data_in_each_wrapping(shared_cases: Path) -> None:  # F6
    inputs = shared_cases / "inputs"
    prints = {load(inputs / name).fingerprint for name in ("kagglehub", "archive.zip", "kagglehub/fer2013.csv")}
    assert len(prints) == 1


def test_jfif_images_are_read_beside_png(shared_cases: Path) -> None:  # F7
    data = load(shared_cases / "inputs" / "jfif_mixed", allow_missing=True)
    endings = {Path(name).suffix for name in data.ids.tolist()}
    assert endings == {".jfif", ".png"}


def test_a_zip_from_windows_is_the_folder_it_was_made_of(shared_cases: Path) -> None:  # F14
    inputs = shared_cases / "inputs"
    packed, plain = (load(inputs / name, allow_missing=True) for name in ("windows.zip", "plain"))
    assert packed.fingerprint == plain.fingerprint


def test_a_table_never_replaces_a_photograph(
    shared_cases: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # F18
    content = (shared_cases / "inputs" / "motion.jpg").read_bytes()
    file = tmp_path / "motion.jpg"
    file.write_bytes(content)
    assert "motion.jpg" in refused(["predict", str(file), "--model", str(PIXELS), "--csv", str(file)], capsys)
    assert file.read_bytes() == content
