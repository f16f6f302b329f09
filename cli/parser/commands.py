"""The commands of ``ferbench``: the only list of them, by purpose and in the order of ``ferbench --help``."""

import argparse
import importlib
from collections.abc import Sequence
from typing import NamedTuple


class Command(NamedTuple):
    """One command.

    Its module is imported when its options are needed: for this command, for completion, but not for
    ``ferbench --help``. Also then it imports heavy libraries only when the command runs.

    Attributes
    ----------
    name : str
        The word of the command line.
    register : str
        The function that adds description and options to the command's parser: ``module:function``, below
        ``ferbench.cli``.
    help : str
        Its line of ``ferbench --help``.
    """

    name: str
    register: str
    help: str

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Import the command's module, which adds what ``ferbench COMMAND --help`` shows."""
        module, _, function = self.register.partition(":")
        getattr(importlib.import_module(f"ferbench.cli.{module}"), function)(parser)


GROUPS: dict[str, tuple[Command, ...]] = {
    "measure": (
        Command("run", "run:register", "fit and measure every recipe of a suite, and write tables, plots and bundles"),
        Command("retime", "retime:register", "measure the latency of all bundles of a results folder in one run"),
        Command(
            "score-final",
            "score_final:register",
            "open PrivateTest (of key points: Test) for measured recipes that a suite marks as final",
        ),
        Command("tune", "tune:register", "search the best parameters of a recipe on the validation split"),
        Command(
            "measure-live",
            "measure_live:register",
            "measure the live system: frames per second, latency, faces found, memory",
        ),
        Command(
            "measure-training",
            "measure_training:register",
            "measure training: images/s of the input pipeline, seconds per epoch, time to an accuracy",
        ),
        Command(
            "measure-speed",
            "measure_speed:register",
            "measure extractors and classifiers against the number of images",
        ),
        Command(
            "measure-int8",
            "training:register_int8",
            "measure networks in 8-bit integers beside those in float32",
        ),
        Command(
            "measure-transfer",
            "training:register_transfer",
            "measure fine-tuning on few drawn faces with new labels",
        ),
        Command(
            "stress",
            "evidence:register_stress",
            "measure recognizers under noise, blur, poor light, compression and covered faces",
        ),
    ),
    "train": (Command("train", "training:register_train", "train a recognizer on your own faces"),),
    "look at results": (
        Command("report", "report:register_report", "rebuild tables, plots and HTML page of a results folder"),
        Command("best", "report:register_best", "print the best recognizer within a latency budget, and its bundle"),
        Command("predict", "predict:register", "label images of cropped faces"),
        Command(
            "explain",
            "evidence:register_explain",
            "show what recognizers look at, on an image or on average over a data set",
        ),
        Command("export", "report:register_export", "copy a measured bundle to a new folder, with a model card"),
    ),
    "run a recognizer": (
        Command("image", "live:register_image", "draw emotions on an image or a folder of images, and count them"),
        Command("video", "live:register_video", "draw emotions on a video, and write them as a table and an HTML page"),
        Command("live", "live:register_live", "show the emotions in a webcam stream, a video or images in a window"),
        Command("serve", "serve:register", "serve the web page"),
    ),
    "data and landmarks": (
        Command("data", "data:register", "download or audit a data set"),
        Command("landmarks", "landmarks:register", "train or evaluate a 68-point landmark model"),
    ),
    "this installation": (
        Command("list", "listing:register", "list recipes, suites, data sets, detectors, models or metrics"),
        Command("doctor", "doctor:register", "check libraries, folders, camera, memory and display"),
        Command("completion", "parser:register", "print a script that completes words in a shell"),
    ),
}

FIRST_STEPS = """first steps:
  ferbench image me.jpg --output-image out.jpg   label the faces of an image
  ferbench serve --open                          your camera, in the browser
  ferbench run                                   measure recipes on drawn faces

`ferbench COMMAND --help` lists the options of a command."""


def named_first(words: Sequence[str]) -> str | None:
    """Return the first word that is no option, which names the command: no option before it takes a value.

    Examples
    --------
    >>> named_first(["--traceback", "run", "--output", "report"])
    'run'
    """
    return next((word for word in words if not word.startswith("-")), None)
