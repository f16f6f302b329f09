"""``ferbench doctor``: print the diagnosis."""

import argparse
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from ferbench.cli.arguments import command
from ferbench.cli.doctor import diagnosis
from ferbench.cli.doctor.check import Check
from ferbench.utils import Color, fit_text, paint, printable

# Columns of the status.
_STATUS = 8
_COLORS: dict[str, Color] = {"ok": "green", "missing": "yellow", "problem": "red"}


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """Arguments of `doctor`."""

    results: Path
    camera: int
    no_camera: bool
    json: bool


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``doctor``."""
    parser.description = (
        "Check what ferbench needs on this machine. The exit code is 1 where something required is broken."
    )
    add = parser.add_argument
    add("--results", type=Path, default=Path("results"), metavar="DIR", help="where results would go (results)")
    add("--camera", type=int, default=0, metavar="N", help="the camera to open for a moment (default: 0)")
    add("--no-camera", action="store_true", help="open no camera")
    add("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=command(DoctorOptions, doctor))


def doctor(args: DoctorOptions) -> int:
    """Print one line for each check, and a second one with the remedy; return 1 where something required is broken."""
    if args.camera < 0:
        raise ValueError(f"--camera must be a camera's number, 0 or above; got {args.camera}")
    checks = diagnosis.diagnose(results=args.results, camera_number=None if args.no_camera else args.camera)
    broken = [check.name for check in checks if check.is_fatal]
    if args.json:
        print(json.dumps({"ok": not broken, "checks": [check.as_dict() for check in checks]}, indent=1))
        return 1 if broken else 0
    width = max(len(check.name) for check in checks)
    for check in checks:
        print(_line(check, width))
    print(f"broken: {', '.join(broken)}" if broken else "all that is required works")
    return 1 if broken else 0


def _line(check: Check, width: int) -> str:
    """What was found and the remedy, as narrow as the terminal."""
    start = _STATUS + width + 2
    found = printable(check.found)
    # A path that is too long for its column goes on at the left, and stays whole.
    room = shutil.get_terminal_size().columns - start
    hang = start if max(map(len, found.split()), default=0) <= room else _STATUS
    plain = fit_text(f"{check.status:{_STATUS}}{check.name:{width}}  {found}", hang=hang)
    line = f"{paint(plain[:_STATUS], _COLORS[check.status])}{plain[_STATUS:]}"
    if not check.remedy:
        return line
    arrow = " " * start + "-> "
    return f"{line}\n{fit_text(arrow + printable(check.remedy), hang=len(arrow))}"
