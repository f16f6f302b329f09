"""Keys and columns of what other programs read of ferbench."""

import contextlib
import csv
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from golden_command import RESULTS, SUITES, ferbench, keys_of
from golden_recognizers import BUNDLES

from ferbench.datasets import make_faces

MODEL = str(BUNDLES / "cnn")
POINTS = str(BUNDLES / "points-net")


def all_keys(folder: Path) -> dict[str, list[str]]:
    """Keys of each kind of file or answer; `folder` is for scratch."""
    picture = draw(folder)
    found = {**record_keys(), **file_columns(folder, picture), **run_keys(folder)}
    with serving() as address:
        found |= web_keys(address, picture)
    return {what: sorted(keys) for what, keys in found.items()}


def draw(folder: Path) -> Path:
    """A picture with one drawn face that the Haar detector finds."""
    canvas = np.full((480, 640, 3), 128, np.uint8)
    canvas[140:340, 220:420] = make_faces(21, size=200, random_state=3, difficulty=0).images[0][..., None]
    cv2.imwrite(str(folder / "face.png"), canvas)
    return folder / "face.png"


# A winner from which others are not shown to differ.
BEST = (str(RESULTS / "fer2013"), "--max-latency-ms", "1.5")


def record_keys() -> dict[str, set[str]]:
    """Keys of the records and of the suite's file, over all of a results folder."""
    found = {}
    for name in ("fer2013", "keypoints/faces68"):
        contents = [json.loads(path.read_text()) for path in sorted((RESULTS / name / "records").glob("*.json"))]
        contents = [content for content in contents if content["status"] == "ok"]
        # Parameters, files and packages differ between recipes and machines.
        for content in contents:
            content["recipe"] |= {"params": None, "all_params": None, "made_of": None}
            content["environment"] |= {"packages": None, "threads": None}
            content |= {"files": None, "history": None}
        found[f"{name} record"] = keys_of(contents)
        found[f"{name} suite"] = set(json.loads((RESULTS / name / "suite.json").read_text()))
    return found


def run_keys(folder: Path) -> dict[str, set[str]]:
    """Keys of what a new run of a suite writes."""
    suite = folder / "tiny.toml"
    suite.write_text('name = "tiny"\nrecipes = ["constant"]\nfinal = true\n[dataset]\nsize = 24\n')
    ferbench("run", str(suite), "--source", str(SUITES / "faces"), "--output", str(folder / "results"), "--no-report")
    (root,) = (folder / "results").iterdir()
    (record,) = (root / "records").glob("*.json")
    content = json.loads(record.read_text())
    bundle = json.loads((root / content["bundle"] / "bundle.json").read_text())
    files = {path.relative_to(root).parts[0] for path in root.rglob("*") if path.name != ".lock"}
    rows, probabilities = np.load(root / "rows.npz"), np.load(next((root / "probabilities").glob("*.npz")))
    content |= {"files": None}
    content["environment"] |= {"threads": None}
    bundle |= {"files": None}
    return {
        "new record": keys_of(content),
        "new bundle": keys_of(bundle),
        "new suite": keys_of(json.loads((root / "suite.json").read_text())),
        "new files": files,
        "new rows": set(rows.files),
        "new probabilities": set(probabilities.files),
    }


def file_columns(folder: Path, picture: Path) -> dict[str, set[str]]:
    """Columns and keys of the files that commands write."""
    album = folder / "album"
    album.mkdir()
    for number in range(3):
        (album / f"{number}.png").write_bytes(picture.read_bytes())
    video = folder / "face.avi"
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
    for _ in range(3):
        writer.write(cv2.imread(str(picture)))
    writer.release()
    with_model = ["--model", MODEL, "--detector", "haar"]
    out = {
        name: str(folder / name)
        for name in ("i.csv", "c.csv", "i.jsonl", "v.csv", "v.jsonl", "v.html", "p.csv", "p.json")
    }
    pointed = ["--points", POINTS]
    ferbench("image", str(album), *with_model, "--events", out["i.csv"], "--output-csv", out["c.csv"], *pointed)
    ferbench("image", str(picture), *with_model, "--events", out["i.jsonl"])
    ferbench("video", str(video), *with_model, "--events", out["v.csv"], "--summary", out["v.html"])
    ferbench("video", str(video), *with_model, "--events", out["v.jsonl"], *pointed)
    face = next((SUITES / "faces").rglob("*.png"))
    ferbench("predict", str(face), "--model", MODEL, "--csv", out["p.csv"], "--json", out["p.json"])
    found = {
        "image --events csv": _columns(out["i.csv"]),
        "image --output-csv": _columns(out["c.csv"]),
        "image --events jsonl": _lines(out["i.jsonl"]),
        "video --events csv": _columns(out["v.csv"]),
        "video --events jsonl": _lines(out["v.jsonl"]),
        "predict --csv": _columns(out["p.csv"]),
        "predict --json": keys_of(json.loads(Path(out["p.json"]).read_text())),
        "best --json": keys_of(
            json.loads(ferbench("best", str(RESULTS / "fer2013"), "--max-latency-ms", "1.5", "--json"))
        ),
    }
    for path in sorted(folder.glob("v*.csv")):
        found.setdefault(f"video --summary {path.name}", _columns(str(path)))
    return found


def _columns(path: str) -> set[str]:
    with Path(path).open(newline="") as file:
        return set(next(csv.reader(file)))


def _lines(path: str) -> set[str]:
    return keys_of([json.loads(line) for line in Path(path).read_text().splitlines()])


def web_keys(address: str, picture: Path) -> dict[str, set[str]]:
    """Keys of the answers of the web API."""
    body = picture.read_bytes()
    predicted = _ask(f"{address}/api/predict?points=true", body)
    assert predicted["events"][0]["state"] == "face"
    described = _ask(f"{address}/openapi.json")
    return {
        "web /healthz": keys_of(_ask(f"{address}/healthz")),
        "web /api/models": keys_of(_ask(f"{address}/api/models")),
        "web /api/predict": keys_of(predicted),
        "web paths": set(described["paths"]),
        "web schemas": {
            f"{name}.{key}"
            for name, schema in described["components"]["schemas"].items()
            for key in schema.get("properties", {})
        },
    }


def _ask(address: str, body: bytes | None = None) -> Any:
    with urllib.request.urlopen(urllib.request.Request(address, data=body), timeout=30) as answer:
        return json.load(answer)


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """Address of a running ``ferbench serve``."""
    words = ["serve", "--port", "0", "--detector", "haar", "--model", MODEL, "--points", POINTS]
    line = [sys.executable, "-m", "ferbench.cli", *words]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[1].rstrip("/")
        finally:
            process.terminate()
            process.wait(20)
