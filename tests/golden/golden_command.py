"""The ``ferbench`` command and where golden files lie."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SUITES = HERE / "suites"
RESULTS = HERE.parents[1] / "results"
HEAVY = (
    *("numpy", "sklearn", "pandas", "cv2", "dlib", "matplotlib", "tensorflow", "keras", "scipy", "jinja2"),
    *("onnxruntime", "PIL", "pygame", "skops", "joblib", "fastapi", "uvicorn", "pydantic"),
)
FOLDERS = ("datasets", "features", "models", "benchmarks", "realtime", "realtime.web", "cli")
# Suites, and the stored data that they are planned on.
SOURCES = {"keypoints": "points.npz", "keypoints-faces": "points.npz"}


def ferbench(*words: str) -> str:
    """What the command prints, run in this process as its entry point does."""
    (point,) = entry_points(group="console_scripts", name="ferbench")
    main, out = point.load(), io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            code = main(list(words))
        except SystemExit as end:
            code = end.code
    assert not code, f"ferbench {' '.join(words)} ended with {code}"
    return out.getvalue()


def run_python(code: str, *arguments: str) -> str:
    """What a new process of Python prints."""
    line = [sys.executable, "-c", code, *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "100"}).stdout


def plan(suite: str, name: str, output: Path) -> list[str]:
    """Ids of the cells that ``ferbench run SUITE --dry-run`` would measure on the stored data."""
    source = SUITES / SOURCES.get(name, "faces")
    text = ferbench("run", suite, "--source", str(source), "--dry-run", "--output", str(output))
    return re.findall(r"^run\s+(\S+)\s", text, re.MULTILINE)


def commands(text: str, indent: int = 4) -> list[str]:
    """Commands that a help text lists."""
    return re.findall(rf"^ {{{indent}}}([a-z][a-z-]*)(?:  |$)", text, re.MULTILINE)


def helps() -> dict[str, str]:
    """Help text of every command, and of the commands inside of it, by its name; ``ferbench`` is the first."""
    texts = {"ferbench": ferbench("--help")}
    for command in commands(texts["ferbench"], indent=2):
        texts[command] = ferbench(command, "--help")
        for inner in commands(texts[command]):
            texts[f"{command} {inner}"] = ferbench(command, inner, "--help")
    return texts


def options(text: str) -> set[str]:
    """Options that a help text describes."""
    lines = (line.split("  ")[1] for line in text.splitlines() if line.startswith("  -"))
    return {word for line in lines for word in re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", line)}


def keys_of(content: Any, where: str = "") -> set[str]:
    """Every key inside of JSON with its path; the items of a list are one."""
    if isinstance(content, dict):
        inner = [(f"{where}.{key}" if where else key, value) for key, value in content.items()]
        return {path for path, _ in inner}.union(*(keys_of(value, path) for path, value in inner))
    if isinstance(content, list):
        return set().union(*(keys_of(item, f"{where}[]") for item in content))
    return set()


def read_json(name: str) -> Any:
    """A fixture."""
    return json.loads((HERE / name).read_text())


def heavy_modules() -> dict[str, list[str]]:
    """Heavy modules loaded by the import of ``ferbench.realtime``, after a first prediction, and by ``--help``."""
    say = f"; print(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    realtime = "import sys, ferbench.realtime as r"
    load = "; import numpy as n; net = r.Recognizer.load('ferbench-net', detector='haar')"
    faces = "; net.predict_faces(n.full((64, 64, 3), 90, n.uint8), [(8, 8, 40, 40)])"
    picture = "; net.predict(n.full((64, 64, 3), 90, n.uint8))"
    imported, one, found = run_python(realtime + say + load + faces + say + picture + say).splitlines()
    helped = "\n".join(
        [
            "import contextlib, io, sys; from importlib.metadata import entry_points as points",
            "main = next(iter(points(group='console_scripts', name='ferbench'))).load()",
            "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main(['--help'])",
        ]
    )
    texts = {"import": imported, "a face's box": one, "a picture": found, "help": run_python(helped + "\n" + say[2:])}
    return {what: text.split() for what, text in texts.items()}
