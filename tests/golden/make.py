"""Make the golden fixtures with the code as it is: ``python tests/golden/make.py [KIND …]``.

Run it by hand, and only where a change of behavior is meant. Without names it makes all kinds.
"""

import json
import shutil
import sys
from typing import Any

import numpy as np
from golden_recognizers import (
    BUNDLES,
    CLASSICAL,
    HERE,
    N_ASKED,
    ON_NETWORKS,
    PRETRAINED,
    SIZES,
    faces,
    make,
    marked,
    training,
)

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


KINDS = {"bundles": bundles}

if __name__ == "__main__":
    for kind in sys.argv[1:] or KINDS:
        KINDS[kind]()
