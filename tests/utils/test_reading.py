"""Files that cannot be read: the error names the file, whatever the library or the system says."""

import zlib
from pathlib import Path

import numpy as np
import pytest

from ferbench.cli import main
from ferbench.utils import PartFile, check_outputs, finished_files, naming, read_arrays


@pytest.mark.parametrize("keep", [0.3, 0.6, 1.0])
def test_a_damaged_archive_of_arrays_is_one_error_that_names_it(tmp_path: Path, keep: float) -> None:
    file = tmp_path / "points.npz"
    np.savez_compressed(file, images=np.random.default_rng(0).integers(0, 9, (40, 48, 48)), names=np.arange(9))
    content = bytearray(file.read_bytes()[: int(keep * file.stat().st_size)])
    content[100] ^= 0xFF  # zlib, and not zipfile, refuses this
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"points\.npz: not a readable \.npz file.*; fetch it again$") as caught:
        read_arrays(file, "fetch it again")
    if keep == 1.0:
        assert isinstance(caught.value.__cause__, zlib.error)
    with pytest.raises(FileNotFoundError):
        read_arrays(tmp_path / "none.npz", "fetch it again")


def test_an_error_of_an_open_file_gets_its_name() -> None:
    with pytest.raises(OSError) as caught, naming("suite.toml"):
        raise OSError(5, "Input/output error")
    assert caught.value.filename == "suite.toml"
    with pytest.raises(OSError) as caught, naming("suite.toml"):
        raise OSError(2, "No such file", "other.toml")
    assert caught.value.filename == "other.toml"


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="this system has no /proc")
def test_a_suite_that_cannot_be_read_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "/proc/self/mem", "--dry-run", "--output", str(tmp_path)]) == 2
    assert capsys.readouterr().err == "ferbench: error: /proc/self/mem: Input/output error\n"


def test_links_in_a_circle_are_no_crash(tmp_path: Path) -> None:
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    (tmp_path / "a.png").write_bytes(b"picture")
    loop = tmp_path / "loop.csv"
    check_outputs(tmp_path / "a.png", [loop])
    with pytest.raises(ValueError, match="two outputs have this name"):
        check_outputs(tmp_path / "a.png", [loop, loop])
    with pytest.raises(OSError, match=r"loop\.csv"):
        check_outputs(tmp_path / "a.png", [loop / "audit.json"])
    assert (tmp_path / "a.png").read_bytes() == b"picture"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["best", "results", "--min-accuracy", "1_0"], "--min-accuracy must be a fraction from 0 to 1; got 10.0"),
        (["best", "results", "--max-latency-ms", "0"], "--max-latency-ms must be a number above 0; got 0.0"),
        (["export", "", "--model", "mlp"], "FOLDER must be the name of a folder to create; got '.'"),
    ],
)
def test_a_wrong_value_names_its_option(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capsys.readouterr().err == f"ferbench: error: {message}\n"


def test_a_label_that_is_empty_at_last_names_the_file_and_the_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pixels = " ".join(["7"] * 48 * 48)
    # NumPy drops NUL characters at the end of a text.
    rows = [f"{label},{pixels},Training" for label in ("happy", "\0", "sad")]
    (tmp_path / "data.csv").write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    assert main(["data", "audit", str(tmp_path / "data.csv"), "--output", str(tmp_path / "out")]) == 2
    assert "data.csv: row 2 (line 3) has an empty label; name one, or leave the image out\n" in capsys.readouterr().err


def test_files_that_are_being_written_are_no_finished_ones(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", ".hidden.json", "a.txt"):
        (tmp_path / name).write_text("{}")
    part = PartFile(tmp_path / "c.json")
    assert len(list(tmp_path.glob("*.json"))) == 4
    assert [path.name for path in finished_files(tmp_path, "*.json")] == [".hidden.json", "a.json", "b.json"]
    part.discard()
