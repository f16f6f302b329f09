"""Files and folders are written atomically, and temporary files of a killed run are removed."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ferbench.utils import (
    PartFile,
    atomic_file,
    atomic_folder,
    move,
    prepared_file,
    remove_folder,
    remove_leftovers,
    sha256_of,
    write_atomically,
)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_renamed_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "made" / "clip.mp4"
    with atomic_file(target) as part:
        part.write_bytes(b"half")
        assert not target.exists() and part.suffix == ".mp4"
    assert target.read_bytes() == b"half"
    assert names(target.parent) == ["clip.mp4"]


def test_an_error_leaves_the_older_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "a.json"
    write_atomically(target, b"old")
    with pytest.raises(RuntimeError), atomic_file(target) as part:
        part.write_bytes(b"new")
        raise RuntimeError
    with pytest.raises(RuntimeError), prepared_file(target, b"new"):
        raise RuntimeError
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.json"]


def test_the_error_of_a_full_disk_names_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(OSError, match=r"No space left.*a\.json'$"):
        write_atomically(tmp_path / "a.json", b"x")
    with pytest.raises(OSError, match=r"No space left.*a\.json'$"), atomic_file(tmp_path / "a.json") as part:
        part.write_bytes(b"x")
    assert names(tmp_path) == []


def test_a_disk_that_fills_up_while_an_array_is_written_names_the_target(tmp_path: Path) -> None:
    # NumPy raises an OSError without a number.
    with pytest.raises(OSError, match=r"a\.npy"), atomic_file(tmp_path / "a.npy"):
        raise OSError("1000 requested and 10 written")
    assert names(tmp_path) == []


def test_an_error_about_another_file_keeps_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="elsewhere"), atomic_file(tmp_path / "a"):
        (tmp_path / "elsewhere").read_bytes()


def test_a_folder_is_renamed_when_it_is_complete(tmp_path: Path) -> None:
    for content in ("old", "new"):
        with atomic_folder(tmp_path / "v1.5") as folder:
            (folder / "model").write_text(content)
    assert (tmp_path / "v1.5" / "model").read_text() == "new"
    assert names(tmp_path) == ["v1.5"]


def test_of_two_writers_of_the_same_folder_the_first_wins_where_asked(tmp_path: Path) -> None:
    target = tmp_path / "data"
    with atomic_folder(target, keep=True) as late:
        (late / "by").write_text("late")
        with atomic_folder(target, keep=True) as early:
            (early / "by").write_text("early")
    assert (target / "by").read_text() == "early"
    assert names(tmp_path) == ["data"]


def test_a_folder_is_removed_or_moved_in_one_step(tmp_path: Path) -> None:
    (tmp_path / "a" / "deep").mkdir(parents=True)
    move(tmp_path / "a", tmp_path / "new" / "b")
    remove_folder(tmp_path / "new" / "b")
    remove_folder(tmp_path / "new" / "b")
    assert names(tmp_path / "new") == []


def test_temporary_files_of_a_killed_run_are_removed_by_the_next(tmp_path: Path) -> None:
    code = (
        "import sys, time; from ferbench.utils import PartFile, PartFolder; from pathlib import Path\n"
        "f = PartFile(Path(sys.argv[1]) / 'a.csv'); d = PartFolder(Path(sys.argv[1]) / 'b')\n"
        "(d.part / 'x').write_text('x'); print('written', flush=True); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None and run.stdout.readline() == "written\n"
        write_atomically(tmp_path / "other.csv", b"x")
        assert len(names(tmp_path)) == 3, "a living run keeps its unfinished files"
        run.send_signal(signal.SIGKILL)
    write_atomically(tmp_path / "other.csv", b"y")
    assert names(tmp_path) == ["other.csv"]


def test_other_hidden_files_are_kept(tmp_path: Path) -> None:
    for name in (".a.part", ".a.12345678.part.mp4", "a.ferbench-12345678.part"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert len(names(tmp_path)) == 3


def test_the_longest_name_that_the_disk_takes_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("é" * 125 + ".csv")
    write_atomically(target, b"x")
    assert target.read_bytes() == b"x"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"file/a\.csv"):
        PartFile(tmp_path / "file" / "a.csv")


def test_hash_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
