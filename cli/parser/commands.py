"""The commands by purpose, as ``ferbench --help`` shows them."""

# Commands that no group names are shown under "more".
GROUPS: dict[str, tuple[str, ...]] = {
    "measure": (
        "run",
        "retime",
        "score-final",
        "tune",
        "measure-live",
        "measure-training",
        "measure-speed",
        "measure-int8",
        "measure-transfer",
        "stress",
    ),
    "train": ("train",),
    "look at results": ("report", "best", "predict", "explain", "export"),
    "run a recognizer": ("image", "video", "live", "serve"),
    "data and landmarks": ("data", "landmarks"),
    "this installation": ("list", "doctor", "completion"),
}

FIRST_STEPS = """first steps:
  ferbench image me.jpg --output-image out.jpg   label the faces of an image
  ferbench serve --open                          your camera, in the browser
  ferbench run                                   measure recipes on drawn faces

`ferbench COMMAND --help` lists the options of a command."""
