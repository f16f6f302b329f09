"""``ferbench predict``: predict labels and probabilities of cropped faces."""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from ferbench import models
from ferbench.benchmarks import choose
from ferbench.cli.arguments import add_priors_option, command
from ferbench.models import base, bundles
from ferbench.utils import check_outputs, pictures, printable, safe_frame, write_atomically

if TYPE_CHECKING:
    import pandas as pd

# Unreadable files listed on the terminal; the table lists all of them.
SHOWN = 20


@dataclass(frozen=True, slots=True)
class PredictOptions:
    """Arguments of `predict`."""

    images: list[str]
    model: str
    results: str
    priors: str | None
    json: Path | None
    csv: Path | None
    strict: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = "Print the label and the probabilities of each image. Each image is one cropped face."
    parser.add_argument(
        "images", nargs="+", metavar="IMAGE", help="image files, folders of them, addresses (https://…), or -"
    )
    parser.add_argument(
        "--model",
        default="winner",
        metavar="NAME|BUNDLE",
        help="winner, a recipe such as hog+svm, or a bundle's folder",
    )
    parser.add_argument(
        "--results",
        default="results",
        metavar="DIR",
        help="results folder in which to look up model names (default: results)",
    )
    add_priors_option(parser)
    parser.add_argument("--json", metavar="FILE", type=Path, help="also write JSON; - for standard output")
    parser.add_argument(
        "--csv", metavar="FILE", type=Path, help="also write CSV: image,label,p_angry,…; - for standard output"
    )
    parser.add_argument("--strict", action="store_true", help="stop at an image that cannot be read (default: skip it)")
    parser.set_defaults(command=command(PredictOptions, predict))


def predict(args: PredictOptions) -> int:
    """Predict, print, and write the requested files."""
    check_outputs(args.images, [path for path in (args.csv, args.json) if path])
    files, notes = _image_files(args.images)
    bundle = models.load_bundle(choose.find_bundle(args.model, Path(args.results)))
    if args.priors is not None:
        bundle = bundle.with_priors(args.priors)
    table, skipped = _predict_all(bundle, files, strict=args.strict)
    # A table on standard output must not be mixed with other text.
    piped = "-" in (str(args.csv), str(args.json))
    out = sys.stderr if piped else sys.stdout
    print(f"model: {bundle.info.get('recipe', {}).get('name', bundle.path)} ({bundle.path})", file=out)
    if bundle.priors is not None:
        print(f"class priors: {base.priors_text(bundle.priors)}", file=out)
    if bundle.info.get("dataset", {}).get("drawn"):
        print("note: this model was trained on drawn faces; its predictions on photographs are not reliable", file=out)
    if not piped:
        shown = table[table["label"] != ""].drop(columns="error", errors="ignore")
        shown = shown.assign(image=shown["image"].map(printable))
        print(shown.to_string(index=False, float_format=lambda value: f"{value:.3f}"))
    if text := _uncertain_text(bundle, table):
        print(text, file=out)
    _tell_left_out(skipped, notes, len(files))
    _write(args, table)
    return 0


def _uncertain_text(bundle: Any, table: "pd.DataFrame") -> str:
    """Say how many answers are uncertain, if the bundle states a threshold and some are below it."""
    if (threshold := bundle.reject_below) is None:
        return ""
    largest = table[[f"p_{label}" for label in bundle.classes_]].max(axis=1)
    below = int((largest < threshold).sum())
    return f"{below:,} of {int(largest.notna().sum()):,} {bundles.uncertain_text(bundle.info)}" if below else ""


def _write(args: PredictOptions, table: "pd.DataFrame") -> None:
    if args.csv:
        _put(args.csv, safe_frame(table).to_csv(index=False).encode())
    if args.json:
        plain = table.assign(image=table["image"].map(printable))
        _put(args.json, (plain.to_json(orient="records", indent=1) or "").encode())


def _put(path: Path, content: bytes) -> None:
    if str(path) == "-":
        sys.stdout.write(content.decode())
    else:
        write_atomically(path, content)


def _tell_left_out(skipped: dict[str, str], notes: list[str], n_files: int) -> None:
    for reason in list(skipped.values())[:SHOWN]:
        print(f"ferbench: note: skipped {printable(reason)}", file=sys.stderr)
    if skipped:
        rest = f", {len(skipped) - SHOWN:,} of them not listed here" if len(skipped) > SHOWN else ""
        print(f"ferbench: note: {len(skipped):,} of {n_files:,} images could not be read{rest}", file=sys.stderr)
    for note in notes:
        print(f"ferbench: note: {printable(note)}", file=sys.stderr)


def _predict_all(bundle: Any, files: list[str], *, strict: bool) -> "tuple[pd.DataFrame, dict[str, str]]":
    """Return one row per image, and the errors of unreadable images; work in parts to limit memory."""
    import numpy as np
    import pandas as pd

    parts = [files[i : i + 1024] for i in range(0, len(files), 1024)]
    bar = tqdm(parts, desc="predict", unit="part", disable=None if len(parts) > 1 else True)
    skipped: dict[str, str] = {}
    rows = np.full((len(files), len(bundle.classes_)), np.nan)
    for number, part in enumerate(bar):
        faces = _read(part, bundle.image_shape[0], skipped, strict=strict)
        if faces:
            places = [1024 * number + place for place in faces]
            rows[places] = bundle.predict_proba(np.stack(list(faces.values())))
    if len(skipped) == len(files):
        raise ValueError(next(iter(skipped.values())))
    table = pd.DataFrame(rows, columns=[f"p_{label}" for label in bundle.classes_])
    read = ~np.isnan(rows).any(axis=1)
    labels = np.where(read, bundle.classes_[np.where(read[:, None], rows, 0.0).argmax(axis=1)], "")
    table.insert(0, "image", files)
    table.insert(1, "label", labels)
    if skipped:
        table["error"] = [skipped.get(file, "") for file in files]
    return table, skipped


def _read(files: list[str], size: int, skipped: dict[str, str], *, strict: bool) -> dict[int, Any]:
    """Return the faces by their index in `files`; add unreadable files to `skipped`."""

    def read(file: str) -> Any:
        try:
            return pictures.read_gray(file, size)
        except (ValueError, OSError) as error:
            if strict:
                raise
            return error

    with ThreadPoolExecutor() as pool:
        found = list(pool.map(read, files))
    skipped |= {
        file: _reason(file, face) for file, face in zip(files, found, strict=True) if isinstance(face, Exception)
    }
    return {place: face for place, face in enumerate(found) if not isinstance(face, Exception)}


def _reason(file: str, error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{file}: {error.strerror}"
    return str(error)


def _image_files(names: list[str]) -> tuple[list[str], list[str]]:
    """Return the files to read, and notes on files that are left out."""
    files: list[str] = []
    notes: list[str] = []
    for name in names:
        if not Path(name).is_dir():
            files.append(name)
            continue
        walk = pictures.walk_images(name)
        files += map(str, walk.files)
        notes += [f"skipped {path}: a hidden file" for path in walk.hidden[:SHOWN]]
        if text := walk.left_out():
            notes.append(f"{name}: {text}")
    return files, notes
