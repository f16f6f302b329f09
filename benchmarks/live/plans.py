"""List the configurations of the live benchmark and the command line of each."""

import fnmatch
import itertools
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ferbench.models.peers import clip_command
from ferbench.utils import sha256_of

MEASURE = ("-m", "ferbench.realtime.measure")
CLIP, ENLARGED, SIX = "clip", "640x480", "1280x720"
VIDEOS = (CLIP, ENLARGED, SIX)
PHOTOS, GROUPS = "photos", "groups"
# Frames per round, enough for a p99 over three rounds, and the time limit for a slow configuration.
FRAMES, SECONDS, PATIENCE = 240, 3.0, 15.0
# These kinds take long and have enough samples in fewer rounds.
MOST_ROUNDS = {"paced": 1, "detect": 2, "thorough": 2, "soak": 1}
SOAK_EVERY = 1000
OVERHEAD_S = 120.0


@dataclass(frozen=True)
class Config:
    """One configuration of the live benchmark.

    Attributes
    ----------
    kind : {"stream", "paced", "detect", "thorough", "faces", "start", "soak", "fer", "peer"}
        Kind of measurement.
    scene : str
        Name of the video, or of the set of pictures.
    detector, model : str
        Display names; empty if not used.
    detect_every : {"auto", "1"}
        On which frames the detector runs.
    default : bool
        Whether these are the default settings.
    """

    kind: str
    scene: str
    detector: str = ""
    model: str = ""
    detect_every: str = "auto"
    default: bool = False
    frames: int = FRAMES
    seconds: float = SECONDS

    @property
    def name(self) -> str:
        """Name of its record, which the patterns of ``--only`` match."""
        every = "" if self.detect_every == "auto" else f"every-{self.detect_every}"
        parts = [self.kind, self.scene, self.detector, self.model, every]
        return re.sub(r"[^\w.+-]", "-", "-".join(part for part in parts if part))

    def rounds(self, asked: int) -> int:
        """Return the number of measurements for the requested number of rounds."""
        return min(asked, MOST_ROUNDS.get(self.kind, asked))

    def as_dict(self) -> dict[str, Any]:
        """All fields, for the record."""
        return asdict(self)

    def matches(self, only: Sequence[str]) -> bool:
        """Return whether a pattern such as ``stream-640*`` matches; without patterns every configuration matches."""
        return not only or any(fnmatch.fnmatchcase(self.name, pattern) for pattern in only)


@dataclass(frozen=True)
class Subjects:
    """The files to measure with, by name. Records contain only the names.

    Attributes
    ----------
    sources : dict of str to Path
        Videos and folders of pictures by scene.
    detectors, models : dict of str to str
        Values for the options ``--detector`` and ``--model``, by display name; the first of each is the default.
    peers : dict of str to str
        Python interpreters of environments with other packages, by the name of the peer.
    """

    sources: dict[str, Path]
    detectors: dict[str, str]
    models: dict[str, str]
    peers: dict[str, str] = field(default_factory=dict)

    def command(self, config: Config) -> list[str]:
        """Return the command that measures a configuration once."""
        source = str(self.sources[config.scene])
        if config.kind in ("fer", "peer"):
            name = config.model or "fer"
            return clip_command(name, self.peers[name], source, frames=config.frames, seconds=config.seconds)
        mode = {"paced": "stream", "thorough": "detect"}.get(config.kind, config.kind)
        command = [sys.executable, *MEASURE, mode, source, "--detector", self.detectors[config.detector]]
        command += ["--model", self.models[config.model]] if config.model else []
        command += ["--frames", str(config.frames), "--seconds", str(config.seconds)]
        command += {"paced": ["--paced"], "thorough": ["--thorough"]}.get(config.kind, [])
        return [*command, "--detect-every", config.detect_every, *_sampling(config)]


def _sampling(config: Config) -> list[str]:
    return ["--every", str(max(1, min(SOAK_EVERY, config.frames // 20)))] if config.kind == "soak" else []


def timeout_s(config: Config) -> float:
    """Return the seconds after which a child process is taken as hanging."""
    return OVERHEAD_S + (config.frames / 10 if config.kind == "soak" else 3 * config.seconds)


def plan(subjects: Subjects) -> list[Config]:
    """Return all configurations except the soak."""
    detector, model = next(iter(subjects.detectors)), next(iter(subjects.models))
    streams = []
    for scene, name, of in itertools.product(VIDEOS, subjects.detectors, subjects.models):
        default = (name, of) == (detector, model)
        # The default settings get all their frames, because a p99 is required for them.
        seconds = PATIENCE if default else SECONDS
        streams.append(Config("stream", scene, name, of, default=default, seconds=seconds))
    paced = [Config("paced", scene, detector, model, default=True, frames=100, seconds=20) for scene in VIDEOS]
    found = [
        Config(kind, scene, name, frames=0)
        for kind, scene in (("thorough", PHOTOS), ("detect", PHOTOS), ("detect", CLIP), ("detect", GROUPS))
        for name in subjects.detectors
    ]
    faces = [Config("faces", CLIP, detector, of, frames=250, seconds=4.0) for of in subjects.models]
    starts = [Config("start", "photo", detector, of) for of in subjects.models]
    return [*streams, *paced, *found, *faces, *starts, *_beside_peers(subjects, model)]


def soak_config(subjects: Subjects, frames: int) -> Config:
    """Return the default configuration for a long run."""
    detector, model = next(iter(subjects.detectors)), next(iter(subjects.models))
    return Config("soak", CLIP, detector, model, default=True, frames=frames, seconds=0)


def _beside_peers(subjects: Subjects, model: str) -> list[Config]:
    if not subjects.peers:
        return []
    # ferbench with the peers' usual detector on every frame, so that both do the same work.
    same = [Config("stream", scene, "haar", model, "1") for scene in (CLIP, ENLARGED) if "haar" in subjects.detectors]
    # Records of `fer` have had a kind of their own from the beginning.
    named = [("fer", "") if name == "fer" else ("peer", name) for name in subjects.peers]
    others = [
        Config(kind, scene, model=name, frames=202, seconds=8.0) for kind, name in named for scene in (CLIP, ENLARGED)
    ]
    return others + same


def file_digest(path: Path) -> str:
    """Return the first digits of a file's SHA-256, to identify the measured file."""
    return sha256_of(path)[:12]
