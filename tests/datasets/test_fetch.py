"""Fetching public data: what kagglehub gives is loaded, and each way it fails ends in one line that helps."""

import builtins
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from ferbench.cli import main
from ferbench.datasets import fetch


def fake_kagglehub(monkeypatch: pytest.MonkeyPatch, download: object) -> None:
    module = ModuleType("kagglehub")
    module.dataset_download = download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "kagglehub", module)


def http_error(status: int) -> Exception:
    error = OSError(f"{status} Client Error for url: https://www.kaggle.com/api")
    error.response = SimpleNamespace(status_code=status)  # type: ignore[attr-defined]
    return error


def fails_with(error: Exception) -> object:
    def download(handle: str) -> str:
        raise error

    return download


def test_fetch_gets_the_release_with_the_official_split(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    fake_kagglehub(monkeypatch, lambda handle: (asked.append(handle), str(tmp_path))[1])
    assert fetch("fer2013") == tmp_path
    assert main(["data", "fetch", "fer2013"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == str(tmp_path)
    assert asked == ["msambare/fer2013"] * 2


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (
            ConnectionError("HTTPSConnectionPool: Max retries exceeded"),
            "no network connection to Kaggle; try again later",
        ),
        (TimeoutError(), "no network connection to Kaggle"),
        (http_error(401), r"refused \(HTTP 401\); put a token .*kaggle.json"),
        (http_error(403), r"refused \(HTTP 403\); put a token"),
        (http_error(500), r"answered HTTP 500; try again later"),
        (RuntimeError("something\nelse"), "RuntimeError: something else"),
    ],
)
def test_failure_is_one_line_with_the_remedy_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, expected: str
) -> None:
    fake_kagglehub(monkeypatch, fails_with(error))
    with pytest.raises(OSError, match=expected):
        fetch("fer2013")
    assert main(["data", "fetch", "fer2013"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and "download https://www.kaggle.com/datasets/msambare/fer2013 in a browser" in lines[0]


def test_missing_kagglehub_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "kagglehub", raising=False)
    real = builtins.__import__

    def without_kagglehub(name: str, *args: object, **kwargs: object) -> object:
        if name == "kagglehub":
            raise ModuleNotFoundError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without_kagglehub)
    with pytest.raises(ImportError, match=r'pip install "ferbench\[fetch\]"'):
        fetch("fer2013")


def test_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown data set 'ckplus'; expected one of fer2013"):
        fetch("ckplus")
