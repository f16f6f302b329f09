"""The kinds of cases: each damages a copy of something valid and names the command that reads it."""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

from fuzz_mutations import damage_bytes, damage_json, damage_npz, damage_value, damage_zip

Case = list[str]
Kind = Callable[[random.Random, Path, Path], Case]


def copy_of(source: Path, target: Path) -> Path:
    """A private copy of a file or folder."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy(source, target)
    return target


def suite(rng: random.Random, valid: Path, place: Path) -> Case:
    """A suite file whose lines or bytes are damaged."""
    copy_of(valid / "data.csv", place / "data.csv")
    text = (valid / "suite.toml").read_text().splitlines()
    for _ in range(rng.choice((1, 1, 2, 3))):
        line = rng.randrange(len(text))
        key, equals, value = text[line].partition("=")
        values = (
            '""',
            "-1",
            "0",
            "1e400",
            "nan",
            "[]",
            "[[]]",
            "{}",
            "true",
            '["*"]',
            '"constant"',
            "2024-01-01",
            "[1, 'x']",
        )
        keys = ("recipes ", "memory ", "seeds ", "x ", "name ", "'' ", "size ")
        act = rng.randrange(6)
        if act <= 2 and equals:
            text[line] = f"{key}= {rng.choice(values)}"
        elif act == 3 and equals:
            text[line] = f"{rng.choice(keys)}={value}"
        elif act == 4:
            text.insert(
                line, rng.choice(("[params]", "[params.x]", "[options]", "memory = 'x'", "a" * 2000, "[" * 2000))
            )
        else:
            del text[line]
    content = "\n".join(text).encode()
    path = place / "suite.toml"
    path.write_bytes(damage_bytes(rng, content) if rng.random() < 0.2 else content)
    source = [] if rng.random() < 0.3 else ["--source", str(place / "data.csv")]
    return ["run", str(path), "--dry-run", "--output", str(place / "out"), *source]


def _results_command(rng: random.Random, place: Path) -> Case:
    root = str(place / "results" / "digits")
    recipe = rng.choice(("winner", "mlp", "pixels+logreg"))
    export = ["export", str(place / "out"), "--results", str(place / "results"), "--model", recipe]
    chance = rng.random()
    if chance < 0.02:
        return ["report", root]
    return ["best", root, *(["--json"] if chance < 0.4 else [])] if chance < 0.7 else export


def record(rng: random.Random, valid: Path, place: Path) -> Case:
    """Records of a results folder."""
    root = copy_of(valid / "results", place / "results") / "digits"
    for path in rng.sample(sorted(root.glob("records/*.json")), rng.choice((1, 1, 2))):
        path.write_bytes(damage_json(rng, path.read_bytes()))
    return _results_command(rng, place)


def suite_json(rng: random.Random, valid: Path, place: Path) -> Case:
    """The ``suite.json`` of a results folder."""
    path = copy_of(valid / "results", place / "results") / "digits" / "suite.json"
    path.write_bytes(damage_json(rng, path.read_bytes()))
    return _results_command(rng, place)


def probabilities(rng: random.Random, valid: Path, place: Path) -> Case:
    """Arrays of a results folder; half of the time the record's checksum is made to fit."""
    root = copy_of(valid / "results", place / "results") / "digits"
    path = rng.choice([root / "rows.npz", *sorted(root.glob("probabilities/*.npz"))])
    damage_npz(rng, path)
    record = root / "records" / f"{path.stem}.json"
    if record.exists() and rng.random() < 0.8:
        content = json.loads(record.read_bytes())
        data = path.read_bytes()
        sums = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        content["files"][f"probabilities/{path.name}"] = sums
        record.write_text(json.dumps(content))
    return _results_command(rng, place)


def bundle(rng: random.Random, valid: Path, place: Path) -> Case:
    """A bundle's JSON or model; most of the time its checksums are made to fit."""
    folder = copy_of(rng.choice(sorted((valid / "bundles").iterdir())), place / "bundle")
    info = folder / "bundle.json"
    content = json.loads(info.read_bytes())
    model = folder / rng.choice(sorted(content["files"]))
    if rng.random() < 0.15:
        info.write_bytes(damage_json(rng, info.read_bytes()))
    elif rng.random() < 0.5:
        changed = damage_value(rng, content)
        info.write_text(json.dumps(_sealed(changed) if isinstance(changed, dict) else changed))
    else:
        if model.suffix == ".skops" and rng.random() < 0.8:
            damage_zip(rng, model)
        else:
            model.write_bytes(damage_bytes(rng, model.read_bytes()))
        if rng.random() < 0.8:
            _make_sums_fit(folder, content)
    image = copy_of(valid / "images" / "a.png", place / "a.png")
    return ["predict", str(image), "--model", str(folder)]


def _make_sums_fit(folder: Path, content: dict) -> None:
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in content["files"]}
    (folder / "bundle.json").write_text(json.dumps(_sealed({**content, "files": sums})))


def _sealed(content: dict) -> dict:
    """The description with a checksum that fits it."""
    body = {key: value for key, value in content.items() if key != "sha256"}
    return {**body, "sha256": hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()}


def data(rng: random.Random, valid: Path, place: Path) -> Case:
    """A data set as CSV, zip, or arrays of key points."""
    kind = rng.choice(("csv", "csv", "zip", "npz"))
    out = ["--output", str(place / "out")]
    if kind == "npz":
        path = copy_of(valid / "points.npz", place / "points.npz")
        damage_npz(rng, path)
        return ["data", "points", str(path), *out]
    path = copy_of(valid / f"data.{kind}", place / f"data.{kind}")
    if kind == "zip":
        damage_zip(rng, path)
    else:
        path.write_bytes(_damage_rows(rng, path.read_bytes()))
    return ["data", "audit", str(path), *out]


def _damage_rows(rng: random.Random, content: bytes) -> bytes:
    if rng.random() < 0.4:
        return damage_bytes(rng, content)
    lines = content.decode().splitlines()
    for _ in range(rng.choice((1, 2, 5))):
        line = rng.randrange(len(lines))
        fields = lines[line].split(",")
        fields[rng.randrange(len(fields))] = rng.choice(
            ("", "x", "-1", "7", "3.0", "1e9", "[1, 2]", '"', "Training", "\0")
        )
        lines[line] = rng.choice((",", ",", ";", "\t")).join(fields)
    return "\n".join(lines).encode(rng.choice(("utf-8", "utf-8", "utf-16", "latin-1")))


def image(rng: random.Random, valid: Path, place: Path) -> Case:
    """An image file."""
    source = rng.choice(sorted((valid / "images").iterdir()))
    path = copy_of(source, place / f"a{rng.choice((source.suffix, source.suffix, '.jpg', '.txt', ''))}")
    path.write_bytes(damage_bytes(rng, path.read_bytes()))
    model = ["--model", str(valid / "bundles" / "pixels")]
    if rng.random() < 0.5:
        return ["predict", str(path), *model, "--csv", str(place / "out.csv")]
    return ["image", str(path), *model, "--detector", "haar", "--events", str(place / "out.jsonl")]


def video(rng: random.Random, valid: Path, place: Path) -> Case:
    """A video file, read whole or live without a window."""
    source = rng.choice(sorted((valid / "videos").iterdir()))
    path = copy_of(source, place / f"a{rng.choice((source.suffix, source.suffix, '.mp4', '.txt'))}")
    path.write_bytes(damage_bytes(rng, path.read_bytes()))
    rest = [str(path), "--model", str(valid / "bundles" / "pixels"), "--detector", "haar", "--max-frames", "4"]
    rest += ["--events", str(place / "out.csv")]
    return ["video", *rest] if rng.random() < 0.6 else ["live", *rest, "--no-window"]


_NUMBERS = ("", "-1", "0", "1", "nan", "inf", "1e400", "0.5", "x", "９", "1_0", "99999999999999999999", "--", "\x1b[0m")


def command_line(rng: random.Random, valid: Path, place: Path) -> Case:
    """Options with odd values, names of files that are not there, and outputs that cannot be."""
    image, video = str(copy_of(valid / "images" / "a.png", place / "a.png")), str(valid / "videos" / "a.avi")
    os.mkfifo(place / "pipe.png")
    (place / "loop.png").symlink_to(place / "loop.png")
    outputs = (str(place), str(place / "pipe.png"), str(place / "loop.png"), str(place / "gone" / "x.png"))
    outputs += (
        "",
        ".",
        image,
        str(place / ("n" * 300)),
        str(place / "\x1b[31m.png"),
        str(place / "o.html"),
        "o.mp4",
        "-",
    )
    # Never as outputs: a run with too many rights must not replace a device.
    inputs = (*outputs[:-1], "/dev/zero", "/proc/self/mem", "/dev/null")
    model = str(valid / "bundles" / "pixels")
    root = str(copy_of(valid / "results", place / "results") / "digits")
    templates: tuple[Case, ...] = (
        ["predict", image, "--model", model, "--csv", "O"],
        ["predict", "P", "--model", model, "--json", "O"],
        ["predict", image, "--model", "P"],
        ["image", "P", "--model", model, "--detector", "haar", "--min-probability", "N"],
        ["image", image, "--model", model, "--detector", "P", "--threads", "N"],
        ["image", image, "--model", model, "--detector", "haar", "--output-image", "O"],
        ["image", image, "--model", model, "--detector", "haar", "--output-csv", "O", "--events", "O"],
        ["video", "P", "--model", model, "--detector", "haar", "--max-frames", "2"],
        ["video", video, "--model", model, "--detector", "haar", "--max-frames", "N", "--smoothing", "N"],
        ["video", video, "--model", model, "--detector", "haar", "--detect-every", "N", "--max-frames", "2"],
        ["video", video, "--model", model, "--detector", "haar", "--max-frames", "2", "--output-video", "O"],
        ["live", video, "--model", model, "--detector", "haar", "--max-frames", "2", "--no-window", "--summary", "O"],
        ["live", video, "--models", "P", "N", "--detector", "haar", "--max-frames", "2", "--no-window"],
        ["run", "P", "--dry-run", "--output", str(place / "out")],
        ["run", "faces", "--source", "P", "--dry-run", "--output", "O"],
        ["run", "faces", "--source", str(valid / "data.csv"), "--dry-run", "--only", "N", "-j", "N", "--output", "O"],
        ["report", "P"],
        ["best", "P", "--json"],
        ["best", root, "--max-latency-ms", "N", "--max-size-mb", "N"],
        ["best", root, "--min-accuracy", "N"],
        ["export", "O", "--results", str(place / "results"), "--model", "mlp"],
        ["export", str(place / "out"), "--results", "P", "--model", "N"],
        ["data", "audit", "P", "--output", str(place / "out")],
        ["data", "audit", str(valid / "data.csv"), "--output", "O"],
        ["data", "points", "P", "--output", str(place / "out")],
        ["N", "P"],
    )
    fill = {"P": inputs, "O": outputs, "N": _NUMBERS}
    line = [rng.choice(fill[word]) if word in fill else word for word in rng.choice(templates)]
    if rng.random() < 0.1:
        line.insert(rng.randrange(len(line) + 1), rng.choice(("--x", "--model", "-", "--", "\0", "-j")))
    return line


KINDS: dict[str, Kind] = {
    "suite": suite,
    "record": record,
    "suite.json": suite_json,
    "probabilities": probabilities,
    "bundle": bundle,
    "data": data,
    "image": image,
    "video": video,
    "command line": command_line,
}
