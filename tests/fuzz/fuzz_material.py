"""Small valid files of each kind, made once; each case damages a copy of one of them."""

import csv
import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
from fake_results import digits_dataset, fake_results
from PIL import Image

from ferbench.datasets import make_faces
from ferbench.datasets.base import CODES

SUITE = """name = "tiny"
recipes = ["hog+svm", "hog+logreg", "constant"]
reference = "hog+svm"
seeds = [0, 1]
final = ["hog+*"]

[dataset]
source = "data.csv"
size = 48

[budget]
time_s = 60
memory_mb = 2048

[params."hog+logreg"]
C = 0.5
"""
GOLDEN = Path(__file__).parents[1] / "golden"
# Bundles that are small and quick, one of each storage and of most kinds of estimator.
BUNDLES = (
    "cnn",
    "pixels",
    "hog-logreg",
    "hog-svm",
    "hog-linear-svm",
    "hog-tree",
    "hog-knn",
    "lbp",
    "gabor",
    "constant",
)


def make_material(folder: Path) -> Path:
    """Make the valid files of every kind in `folder`."""
    faces = make_faces(28, random_state=7)
    _write_csv(folder / "data.csv", faces.images, faces.labels.tolist())
    (folder / "suite.toml").write_text(SUITE)
    _write_images(folder, faces.images)
    _write_archive(folder / "data.zip", faces.images, faces.labels.tolist())
    shutil.copy(GOLDEN / "suites" / "points.npz", folder / "points.npz")
    for name in BUNDLES:
        shutil.copytree(GOLDEN / "bundles" / name, folder / "bundles" / name)
    _write_videos(folder)
    _write_results(folder)
    return folder


def _write_csv(path: Path, images: np.ndarray, labels: list[str]) -> None:
    seen: dict[str, int] = {}
    with path.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["emotion", "pixels", "Usage"])
        for image, label in zip(images, labels, strict=True):
            number = seen[label] = seen.get(label, -1) + 1
            usage = ("Training", "Training", "PublicTest", "PrivateTest")[number % 4]
            writer.writerow([CODES.index(label), " ".join(map(str, image.ravel())), usage])


def _write_images(folder: Path, images: np.ndarray) -> None:
    (folder / "images").mkdir()
    colored = Image.fromarray(np.stack([images[0], images[1], images[2]], axis=-1))
    for ending, kind in (
        *(("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("gif", "GIF"), ("bmp", "BMP"), ("tif", "TIFF")),
        *(("jp2", "JPEG2000"), ("avif", "AVIF")),
    ):
        colored.save(folder / "images" / f"a.{ending}", kind)
    cv2.imwrite(str(folder / "images" / "deep.png"), images[0].astype(np.uint16) * 16)
    cv2.imwrite(str(folder / "images" / "float.tif"), images[0].astype(np.float32) / 255)


def _write_archive(path: Path, images: np.ndarray, labels: list[str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            archive.writestr(f"{label}/{number}.png", cv2.imencode(".png", image)[1].tobytes())


def _write_videos(folder: Path) -> None:
    (folder / "videos").mkdir()
    for ending, codec in (("avi", "MJPG"), ("mp4", "mp4v"), ("mkv", "MJPG")):
        path = folder / "videos" / f"a.{ending}"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (96, 64))
        for number in range(8):
            writer.write(np.full((64, 96, 3), 30 * number, np.uint8))
        writer.release()


def _write_results(folder: Path) -> None:
    root = fake_results(folder / "results", digits_dataset())
    # Four recognizers are enough for every table, and half as many make a report quicker.
    for name in ("pixels+nb", "pixels+bernoulli", "pixels+tree"):
        for path in (*root.glob(f"records/{name}-*"), *root.glob(f"probabilities/{name}-*")):
            path.unlink()
