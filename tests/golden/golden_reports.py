"""Reports that are rebuilt from the records in ``results/``, whole or from some of the records."""

import base64
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from golden_command import HERE, RESULTS, ferbench

CSV = HERE / "csv"
# Folder in `results/`: recipes that are left in the copy for the quick check; None leaves all, and () leaves it out.
SOME: dict[str, tuple[str, ...] | None] = {
    "fer2013": ("hog+svm", "sift+mirror-kernel-ridge", "ferbench-net", "pretrained@both-nets"),
    "ablation/fer2013": ("ferbench-net", "ferbench-net@24px", "pretrained@flip"),
    "fer2013-five": ("pretrained", "resnet-blocks"),
    "keypoints/faces68": None,
    # Its faces are drawn anew for the page, which takes its time.
    "keypoints/faces": (),
}
# Folder in `results/`: the command that rebuilds its tables from measured runs.
MEASURED = {"live": "measure-live", "speed": "measure-speed", "training": "measure-training"}

_PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1" viewBox="0 0 1 1"></svg>'


def rebuild(name: str, folder: Path, recipes: tuple[str, ...] | None = None) -> None:
    """Copy a results folder without its CSVs, keep these recipes of it, and rebuild its report."""
    shutil.copytree(RESULTS / name, folder, ignore=shutil.ignore_patterns("*.csv", "*.png"))
    if recipes is not None:
        for record in (folder / "records").iterdir():
            if record.name.partition("-s0-")[0] not in recipes:
                record.unlink()
    with _nothing_drawn():
        if name in MEASURED:
            ferbench(MEASURED[name], "--rebuild", "--output", str(folder))
        else:
            ferbench("report", str(folder))


def golden(kind: str, name: str) -> Path:
    """Where the golden CSVs of a report lie; `kind` is some, or all."""
    return CSV / kind / name.replace("/", ".")


@contextmanager
def _nothing_drawn() -> Iterator[None]:
    """Plots are made but not rendered, which is most of a report's time."""

    def savefig(_figure: object, target: object, *, format: str | None = None, **_options: object) -> None:
        svg = (format or Path(str(target)).suffix[1:]) == "svg"
        if hasattr(target, "write"):
            target.write(_SVG if svg else _PNG)
        elif svg:
            Path(str(target)).write_text(_SVG)
        else:
            Path(str(target)).write_bytes(_PNG)

    figure = "matplotlib.figure.Figure"
    with patch(f"{figure}.savefig", savefig), patch(f"{figure}.draw_without_rendering", lambda _figure: None):
        yield
