"""``ferbench landmarks``: train and evaluate 68-point landmark models."""

import argparse
from dataclasses import asdict, dataclass, fields, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ferbench.benchmarks import landmarks
from ferbench.cli.arguments import command

_NUMBERS = {
    "cascades": (int, "number of cascades"),
    "trees": (int, "trees per cascade"),
    "depth": (int, "depth of a tree"),
    "nu": (float, "learning rate of the boosting"),
    "oversampling": (int, "initial shapes per training box"),
    "pool": (int, "pixels sampled per cascade"),
    "splits": (int, "random splits tried per node"),
    "drawn": (int, "drawn faces added to the photographs"),
    "seed": (int, "random seed"),
}


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """Arguments of `landmarks train`; None means the value used for the shipped model."""

    data: Path
    output: Path
    threads: int
    cascades: int | None
    trees: int | None
    depth: int | None
    nu: float | None
    oversampling: int | None
    pool: int | None
    splits: int | None
    drawn: int | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """Arguments of `landmarks evaluate`."""

    data: Path
    model: Path | None
    public: Path | None
    output: Path


def register(parser: argparse.ArgumentParser) -> None:
    """Add ``landmarks`` with its two commands."""
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _register_train(commands)
    _register_evaluate(commands)


def _register_train(commands: Any) -> None:
    parser = commands.add_parser("train", help="train a landmark model on annotated and drawn faces")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="NPZ", help="faces with 68 points, such as faces68.npz"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DAT", help="file of the trained model")
    parser.add_argument("--threads", type=int, default=2, help="threads to train with (default: 2)")
    for name, (kind, text) in _NUMBERS.items():
        parser.add_argument(f"--{name}", type=kind, help=f"{text} (default: as in the shipped model)")
    parser.set_defaults(command=command(TrainOptions, train))


def _register_evaluate(commands: Any) -> None:
    parser = commands.add_parser("evaluate", help="evaluate landmark models on people held out of training")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="NPZ", help="faces with 68 points, such as faces68.npz"
    )
    parser.add_argument("--model", type=Path, metavar="DAT", help="landmark model (default: the shipped one)")
    parser.add_argument(
        "--public", type=Path, metavar="DAT", help="second model for comparison, such as dlib's public one"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("results/landmarks"),
        help="folder for the tables (default: results/landmarks)",
    )
    parser.set_defaults(command=command(EvaluateOptions, evaluate))


def train(args: TrainOptions) -> int:
    """Train a model and print its path and size."""
    given = asdict(args)
    chosen = {field.name: given.get(field.name) for field in fields(landmarks.LandmarkSettings)}
    settings = replace(
        landmarks.LandmarkSettings(), **{name: value for name, value in chosen.items() if value is not None}
    )
    path = landmarks.train_landmarks(args.data, args.output, settings, n_threads=args.threads)
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return 0


def evaluate(args: EvaluateOptions) -> int:
    """Evaluate the models, print the results and write the tables."""
    models = [_own(args.model)]
    if args.public:
        models.append((f"public ({args.public.name})", args.public))
    frame = landmarks.evaluate_landmarks(args.data, models, args.output)
    print(frame.drop(columns=["nme_median"]).to_string(index=False, float_format=lambda value: f"{value:.4g}"))
    print(f"\nmeasured on held-out people only; tables: {args.output}")
    return 0


def _own(model: Path | None) -> tuple[str, Path]:
    if model is not None:
        return model.name, model
    return "ferbench", Path(str(files("ferbench.features") / "landmarks68.dat"))
