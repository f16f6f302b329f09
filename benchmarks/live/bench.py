"""Run the live benchmark: each configuration in a child process, in interleaved rounds, with one record each."""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.live.child import Said, run_child
from ferbench.benchmarks.live.plans import (
    CLIP,
    ENLARGED,
    GROUPS,
    PHOTOS,
    SIX,
    Config,
    Subjects,
    file_digest,
    plan,
    soak_config,
    timeout_s,
)
from ferbench.benchmarks.live.scenes import (
    photo_files,
    photo_truth,
    write_enlarged,
    write_group_pictures,
    write_group_video,
)
from ferbench.benchmarks.store import environment, write_record_file
from ferbench.utils import load_average

SCHEMA = 1
_ENVIRONMENT = ("python", "platform", "cpu", "cores", "packages")


class LiveBench:
    """The live benchmark: measures rates, latencies and detections, and writes one record per configuration.

    Parameters
    ----------
    clip : Path
        A video of one talking person.
    photos : Path
        A folder of close-ups with one face each; group pictures are composed from the larger square ones.
    detectors, models : dict of str to str
        Values for the options ``--detector`` and ``--model``, by display name; the first of each is the default.
    output : Path
        Folder for the records.
    peers : dict of str to str, optional
        Python interpreters of environments with other packages, by the name of the peer, such as ``fer``.
    only : sequence of str
        Patterns of configurations such as ``stream-640*``.
    rounds : int
        Maximum number of measurements of each configuration. The configurations take turns, so that a disturbance of
        the machine affects all of them.
    soak : int, optional
        Run only the long measurement, once, with this number of frames.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing, no configuration matches, or a number is out of range.
    """

    def __init__(
        self,
        clip: Path,
        photos: Path,
        *,
        detectors: dict[str, str],
        models: dict[str, str],
        output: Path,
        peers: Mapping[str, str] | None = None,
        only: Sequence[str] = (),
        rounds: int = 3,
        soak: int | None = None,
    ) -> None:
        if rounds < 1 or (soak is not None and soak < 1):
            raise ValueError(f"rounds and soak must be 1 or more; got {rounds} and {soak}")
        for path in (clip, photos):
            if not path.exists():
                raise FileNotFoundError(f"{path}: no such file or folder; give --clip a video and --photos a folder")
        self.clip, self.photos, self.output = clip, photos, output
        self.rounds, self.only, self.soak = rounds, only, soak
        self.subjects = Subjects({}, dict(detectors), dict(models), dict(peers or {}))
        self.configs = self._choose()
        self.session = datetime.now(UTC).isoformat(timespec="seconds")

    def run(self, on_outcome: Callable[[Config, Said], None] = lambda config, said: None) -> list[dict[str, Any]]:
        """Measure, rewrite a record after each of its rounds, and return the records."""
        about = self._about()
        records = {config.name: self._blank(config, about) for config in self.configs}
        with tempfile.TemporaryDirectory(prefix="ferbench-live-") as folder:
            truths = self._prepare(Path(folder))
            for turn in range(self.rounds):
                for config in (config for config in self.configs if turn < config.rounds(self.rounds)):
                    said = run_child(self.subjects.command(config), timeout_s=timeout_s(config))
                    record = records[config.name]
                    _add_round(record, said, truths)
                    write_record_file(self.output / "runs" / f"{config.name}.json", record)
                    on_outcome(config, said)
        return list(records.values())

    @property
    def n_children(self) -> int:
        """Number of processes that a run starts."""
        return sum(config.rounds(self.rounds) for config in self.configs)

    def _choose(self) -> list[Config]:
        if self.soak:
            return [soak_config(self.subjects, self.soak)]
        known = plan(self.subjects)
        chosen = [config for config in known if config.matches(self.only)]
        if not chosen:
            raise ValueError(f"--only {' '.join(self.only)} matches none of {', '.join(c.name for c in known)}")
        return chosen

    def _prepare(self, folder: Path) -> dict[str, Any]:
        """Make the scenes of the chosen configurations; return the face boxes of the group pictures."""
        scenes = {config.scene for config in self.configs}
        sources = self.subjects.sources
        sources |= {CLIP: self.clip, PHOTOS: self.photos, "photo": photo_files(self.photos)[0]}
        if ENLARGED in scenes:
            sources[ENLARGED] = write_enlarged(self.clip, folder / "enlarged.avi")
        if SIX in scenes:
            sources[SIX] = write_group_video(self.photos, folder / "six.avi")
        truths: dict[str, Any] = {file.name: [photo_truth(_read(file))] for file in photo_files(self.photos)}
        if GROUPS in scenes:
            sources[GROUPS] = folder / "groups"
            truths |= write_group_pictures(self.photos, sources[GROUPS])
        return truths

    def _about(self) -> dict[str, Any]:
        """Describe the environment: machine, load before the run, and the measured files."""
        known = environment()
        load = load_average()
        return {
            **{key: known[key] for key in _ENVIRONMENT},
            "load_before": load,
            "clip": {"name": self.clip.name, "sha256": file_digest(self.clip)},
            "photos": len(photo_files(self.photos)),
        }

    def _blank(self, config: Config, about: dict[str, Any]) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "name": config.name,
            "config": config.as_dict(),
            "session": self.session,
            "status": "failed",
            "reason": "not run",
            "rounds": [],
            "environment": about,
        }


def _add_round(record: dict[str, Any], said: Said, truths: dict[str, Any]) -> None:
    """Add the output of a child to the record. One failed round makes the whole record a failed one."""
    lines = [{**line, "at_s": round(line["at_s"], 4)} for line in said.lines]
    for line in lines:
        if line["event"] == "image":
            # Frames of the clip have no name, because their face is not annotated.
            line["truth"] = truths[name] if (name := line.pop("name")) else None
            line["group"] = "-".join(name.split("-")[1:3]) if name and name.startswith("group-") else None
    record["rounds"].append({"lines": lines, "reason": said.reason})
    reasons = [each["reason"] for each in record["rounds"] if each["reason"]]
    record["status"], record["reason"] = ("failed", reasons[0]) if reasons else ("ok", None)


def _read(file: Path) -> NDArray[np.uint8]:
    image = cv2.imread(str(file))
    if image is None:
        raise ValueError(f"{file}: no picture that can be read; remove it or replace it")
    return np.asarray(image, np.uint8)
