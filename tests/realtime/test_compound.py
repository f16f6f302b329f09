"""Mixtures of two emotions: named where two share the probability, marked as derived, off unless asked for."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from web_server import encoded, mixed_bundle, portrait, quick_httpx, serving

from ferbench.datasets import LABELS
from ferbench.realtime import CsvSink, FaceEvent, FrameResult, JsonLinesSink
from ferbench.realtime.drawing import Overlay
from ferbench.realtime.drawing.captions import captions_of
from ferbench.realtime.tracking import COMPOUNDS, compound_of, with_compound


def row(**shares: float) -> np.ndarray:
    rest = (1 - sum(shares.values())) / (len(LABELS) - len(shares))
    return np.array([shares.get(label, rest) for label in LABELS])


@pytest.mark.parametrize(
    ("shares", "name"),
    [
        ({"happy": 0.5, "surprise": 0.4}, "happily surprised"),
        ({"surprise": 0.5, "happy": 0.4}, "happily surprised"),
        ({"angry": 0.4, "disgust": 0.35}, "angrily disgusted"),
        ({"happy": 0.7, "surprise": 0.2}, None),  # One emotion, mostly.
        ({"happy": 0.3, "surprise": 0.3}, None),  # Too little of the probability.
        ({"happy": 0.5, "neutral": 0.4}, None),  # No emotion, so no mixture.
        ({"happy": 0.5, "sad": 0.4}, None),  # Not among the compound emotions of the study.
    ],
)
def test_a_mixture_needs_two_emotions_that_share_the_probability(shares: dict[str, float], name: str | None) -> None:
    assert compound_of(row(**shares), LABELS) == name


def test_every_pair_is_of_known_labels() -> None:
    assert len(COMPOUNDS) == 12 and all(pair < set(LABELS) and len(pair) == 2 for pair in COMPOUNDS)


def event() -> FaceEvent:
    smoothed = row(happy=0.5, surprise=0.4)
    return FaceEvent(0, 0.0, 1, "face", (1, 2, 3, 4), 0.9, smoothed, smoothed, "happy", True, LABELS)


def test_it_is_shown_as_derived() -> None:
    assert captions_of(event()) == ("#1 happy 50 %", "happy", "hap")
    assert captions_of(with_compound(event()))[0] == "#1 happily surprised (derived)"


def test_files_of_events_have_it_only_when_asked(tmp_path: Path) -> None:
    result = FrameResult(0, 0.0, np.zeros((8, 8, 3), np.uint8), (with_compound(event()),), 1.0, 0.0, "m")
    for compound in (False, True):
        csv, lines = tmp_path / f"{compound}.csv", tmp_path / f"{compound}.jsonl"
        with CsvSink(csv, LABELS, compound=compound) as table, JsonLinesSink(lines, compound=compound) as objects:
            table.write(result)
            objects.write(result)
        header, first = csv.read_text().splitlines()
        assert header == ",".join(FaceEvent.columns(LABELS) + ["compound"] * compound)
        assert first.endswith(",happily surprised") is compound
        assert json.loads(lines.read_text()).get("compound") == ("happily surprised" if compound else None)
        assert ("compound" in json.loads(lines.read_text())) is compound


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return mixed_bundle(tmp_path_factory.mktemp("mixed"))


@pytest.mark.parametrize("on", [False, True])
def test_the_web_names_it_by_the_same_rule(
    mixed: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on: bool
) -> None:
    httpx = quick_httpx()
    client = pytest.importorskip("websockets.sync.client", reason="websockets is not installed")
    annotate = Overlay.annotate
    captions: set[str] = set()

    def noting(overlay: Overlay, result: FrameResult) -> Any:
        captions.update(captions_of(event)[1] for event in result.events)
        return annotate(overlay, result)

    monkeypatch.setattr(Overlay, "annotate", noting)
    (tmp_path / "face.png").write_bytes(encoded(portrait(), "PNG"))
    with serving(mixed, source=str(tmp_path), compound=on) as served:
        offer = httpx.get(f"{served.http}/api/models").json()
        assert offer["compound"] is on
        assert offer["models"][0]["compounds"] == list(COMPOUNDS.values())
        body = (tmp_path / "face.png").read_bytes()
        answer = httpx.post(f"{served.http}/api/predict?compare=mixed", content=body, timeout=30).json()
        events = [answer["events"][0], answer["compare"]["events"][0]]
        with client.connect(f"{served.ws}/ws/source") as socket:
            while not (message := json.loads(socket.recv(20))).get("events"):
                pass
        with httpx.stream("GET", f"{served.http}/api/source.mjpg", timeout=30) as pictures:
            next(pictures.iter_bytes())
        for found in (*events, message["events"][0]):
            row = np.array([found["probabilities"][label] for label in LABELS])
            assert found["compound"] == compound_of(row, LABELS) == "happily surprised"
            assert found["label"] == "happy"
    assert captions == {"happily surprised" if on else "happy"}, "the pictures of the server's own source"


def test_a_frame_without_a_face_has_none() -> None:
    assert with_compound(FaceEvent.no_face(frame=0, timestamp_s=0.0, classes=LABELS)).compound is None
