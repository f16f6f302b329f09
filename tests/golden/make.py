"""Make the golden fixtures with the code as it is: ``python tests/golden/make.py [KIND …]``.

Run it by hand, and only where a change of behavior is meant. Without names it makes all kinds.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from golden_command import FOLDERS, RESULTS, SUITES, heavy_modules, helps, plan
from golden_keys import all_keys
from golden_recognizers import (
    BUNDLES,
    CLASSICAL,
    DIFFICULTY,
    HERE,
    N_ASKED,
    ON_NETWORKS,
    PRETRAINED,
    SEED,
    SIZES,
    faces,
    make,
    marked,
    training,
)
from golden_reports import CSV, MEASURED, SOME, golden, rebuild

from ferbench.datasets import SPLITS, make_faces
from ferbench.models import CNN, DlibShape, MeanShape, PointNet, load_bundle, make_recipe, save_bundle


def bundles() -> None:
    """A tiny bundle of every kind, and what each answers."""
    shutil.rmtree(BUNDLES, ignore_errors=True)
    BUNDLES.mkdir()
    drawn = {size: faces(size) for size in SIZES}
    images = {str(size): drawn[size].images[-N_ASKED:] for size in SIZES}
    np.savez_compressed(BUNDLES / "images.npz", **images)
    fingerprints = {str(size): drawn[size].fingerprint for size in SIZES} | {"points": marked().fingerprint}
    write_json("faces.json", fingerprints)
    for name, (recipe, size, _) in CLASSICAL.items():
        save(name, make(name)[0].fit(*training(size)), size, recipe)
    X, y = training(24)
    remembers = make_recipe("pixels+kernel-ridge", features__equalize=True, classifier__loo_rows=len(X)).fit(X, y)
    save("remembers", remembers, 24, "pixels+kernel-ridge", images=X)
    cnn = CNN("tiny", epochs=2, batch_size=32, augmentation=False, random_state=0)
    save("cnn", cnn.fit(*training(24)), 24, "cnn")
    flip = CNN("tiny", epochs=1, batch_size=32, augmentation=False, input_size=20, test_time="flip")
    save("cnn-flip", flip.fit(*training(24)), 24, "cnn")
    points = marked()
    X, targets = points.images, points.points
    network = PointNet("points-tiny", epochs=2, batch_size=32, augmentation=False)
    save("points-net", network.fit(X, targets), 48, "points-net")
    shape = DlibShape(cascades=2, trees=10, depth=2, pool=40, splits=4, copies=0)
    save("dlib-shape", shape.fit(X, targets), 48, "dlib-shape")
    save("mean-shape", MeanShape().fit(X, targets), 48, "mean-shape")
    for name, (recipe, size, network_name) in ON_NETWORKS.items():
        recognizer = make_recipe(recipe, features__bundle=str(BUNDLES / network_name))
        save(name, recognizer.fit(*training(size)), size, recipe)
    expected = {}
    for folder in sorted(BUNDLES.iterdir()):
        if folder.is_dir():
            loaded = load_bundle(folder)
            X = images[str(loaded.image_shape[0])]
            if "points" in loaded.info:
                expected[folder.name] = loaded.predict(X).astype(np.float32)
            else:
                expected[folder.name] = loaded.predict_proba(X).astype(np.float32)
                expected[f"{folder.name}/labels"] = np.array(loaded.predict(X).tolist())
            if (answers := loaded.out_of_sample(training(24)[0][:N_ASKED])) is not None:
                expected[f"{folder.name}/out-of-sample"] = answers.astype(np.float32)
    for name, (members, parameters) in PRETRAINED.items():
        recognizer = make_recipe("pretrained", bundles=[str(BUNDLES / member) for member in members], **parameters)
        expected[f"pretrained/{name}"] = recognizer.fit(*training(24)).predict_proba(images["24"]).astype(np.float32)
    np.savez_compressed(BUNDLES / "expected.npz", **expected)


def save(name: str, recognizer: object, size: int, recipe: str, **more: Any) -> None:
    """Save a bundle, and say how large it is."""
    path = save_bundle(BUNDLES / name, recognizer, image_shape=(size, size), info={"recipe": {"name": recipe}}, **more)
    print(f"{name:28} {sum(file.stat().st_size for file in path.iterdir()) / 1000:8.1f} kB", flush=True)


def write_json(name: str, content: object) -> None:
    """Write a fixture as JSON."""
    (HERE / name).write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


def suites() -> None:
    """The suite files as they are, small data to plan them on, and the cells that they plan."""
    import cv2

    shutil.rmtree(SUITES, ignore_errors=True)
    drawn = make_faces(42, size=24, random_state=SEED, difficulty=DIFFICULTY)
    for row, image in enumerate(drawn.images):
        part = SPLITS[min(row // 7, 4) // 2] if row < 35 else "Training"
        folder = SUITES / "faces" / part / str(drawn.labels[row])
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{row}.png"), image)
    points = marked()
    archive = {}
    for part, rows in (("training", slice(0, 30)), ("test", slice(30, 40))):
        archive |= {f"images_{part}": points.images[rows], f"points_{part}": points.points[rows]}
        archive[f"names_{part}"] = np.array([f"{part}{row}_0" for row in range(rows.stop - rows.start)])
    np.savez_compressed(SUITES / "points.npz", **archive)
    for file in sorted((HERE.parents[1] / "benchmarks" / "suites").glob("*.toml")):
        shutil.copyfile(file, SUITES / file.name)
        cells = plan(str(SUITES / file.name), file.stem, SUITES / "none")
        (SUITES / f"{file.stem}.cells.txt").write_text("\n".join(cells) + "\n")
        print(file.stem, len(cells))


def help_texts() -> None:
    """The help of every command."""
    folder = HERE / "help"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for command, text in helps().items():
        (folder / f"{command.replace(' ', '.')}.txt").write_text(text)


def names() -> None:
    """Public names of every folder."""
    modules = {folder: import_module(f"ferbench.{folder}") for folder in FOLDERS}
    write_json("names.json", {folder: sorted(getattr(module, "__all__", [])) for folder, module in modules.items()})


def startup() -> None:
    """How long a start takes, and what heavy modules it loads."""
    lines = {
        "help": ["-m", "ferbench.cli", "--help"],
        "import ferbench.realtime": ["-c", "import ferbench.realtime"],
    }
    seconds = {what: statistics.median(_wall(words) for _ in range(5)) for what, words in lines.items()}
    print(seconds)
    rounded = {what: round(wall, 2) for what, wall in seconds.items()}
    write_json("startup.json", {"seconds": rounded, "modules": heavy_modules()})


def csv() -> None:
    """Tables of the reports: the committed ones of all records, and those rebuilt from some of them."""
    shutil.rmtree(CSV, ignore_errors=True)
    for name in (*SOME, *MEASURED):
        golden("all", name).mkdir(parents=True)
        for file in (RESULTS / name).glob("*.csv"):
            shutil.copyfile(file, golden("all", name) / file.name)
    for name, recipes in SOME.items():
        if recipes == ():
            continue
        with tempfile.TemporaryDirectory() as scratch:
            start = time.perf_counter()
            rebuild(name, Path(scratch) / "copy", recipes)
            print(f"{name}: {time.perf_counter() - start:.1f} s")
            golden("some", name).mkdir(parents=True)
            for file in (Path(scratch) / "copy").glob("*.csv"):
                shutil.copyfile(file, golden("some", name) / file.name)


def keys() -> None:
    """Keys of what other programs read: records, the web page's answers, rows of events."""
    with tempfile.TemporaryDirectory() as scratch:
        write_json("keys.json", all_keys(Path(scratch)))


def _wall(words: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


KINDS = {
    "bundles": bundles,
    "suites": suites,
    "help": help_texts,
    "names": names,
    "startup": startup,
    "csv": csv,
    "keys": keys,
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as cache:
        os.environ |= {"COLUMNS": "100", "FERBENCH_CACHE": cache}
        for kind in sys.argv[1:] or KINDS:
            KINDS[kind]()
