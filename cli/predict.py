"""``ferbench predict``: labels and probabilities of cropped faces."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def register(subparsers: Any) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "predict",
        help="label images of cropped faces",
        description="Print the label and the probabilities of each image. Each image is one cropped face.",
    )
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="image files, or folders of them")
    parser.add_argument(
        "--model",
        default="winner",
        metavar="NAME|BUNDLE",
        help="winner, a recipe such as hog+svm, or a bundle's folder",
    )
    parser.add_argument("--results", default="results", metavar="DIR", help="where to look names up (default: results)")
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write JSON")
    parser.add_argument("--csv", metavar="FILE", type=Path, help="also write CSV: image,label,p_angry,…")
    parser.set_defaults(command=predict)


def predict(args: argparse.Namespace) -> int:
    """Predict, print, and write the files asked for."""
    from ferbench.benchmarks.choose import find_bundle
    from ferbench.models import load_bundle

    bundle = load_bundle(find_bundle(args.model, Path(args.results)))
    table = _predict_all(bundle, _image_files(args.images))
    print(f"model: {bundle.info.get('recipe', {}).get('name', bundle.path)} ({bundle.path})")
    if bundle.info.get("dataset", {}).get("drawn"):
        print("note: this model was fitted on drawn faces; on photographs its labels mean little")
    print(table.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    if args.csv:
        table.to_csv(args.csv, index=False)
    if args.json:
        table.to_json(args.json, orient="records", indent=1)
    return 0


def _predict_all(bundle: Any, files: list[Path]) -> "pd.DataFrame":
    """One row per image; in parts, so that thousands of images do not have to fit into memory."""
    import numpy as np
    import pandas as pd
    from tqdm import tqdm

    from ferbench.datasets import read_faces

    parts = [files[i : i + 1024] for i in range(0, len(files), 1024)]
    bar = tqdm(parts, desc="predict", unit="part", disable=None if len(parts) > 1 else True)
    probabilities = np.concatenate([bundle.predict_proba(read_faces(part, bundle.image_shape[0])) for part in bar])
    table = pd.DataFrame(probabilities, columns=[f"p_{label}" for label in bundle.classes_])
    table.insert(0, "image", [str(file) for file in files])
    table.insert(1, "label", bundle.classes_[probabilities.argmax(axis=1)])
    return table


def _image_files(names: list[str]) -> list[Path]:
    from ferbench.datasets import IMAGE_SUFFIXES

    files: list[Path] = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            found = sorted(file for file in path.rglob("*") if file.suffix.lower() in IMAGE_SUFFIXES)
            if not found:
                raise ValueError(f"{path}: the folder holds no images")
            files += found
        else:
            files.append(path)
    return files
