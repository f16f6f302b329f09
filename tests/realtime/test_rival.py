"""Two models on one stream of frames are compared on equal terms."""

import pytest
from live_parts import ScriptedDetector, brightness_recognizer, one_face, picture

from ferbench.realtime import Detection, Frame, Pipeline
from ferbench.realtime.web.answers import describe_event
from ferbench.realtime.web.rival import Rival


@pytest.mark.parametrize("smoothing_s", [0.0, 0.5, 3.0])
def test_the_same_model_as_a_rival_gives_the_same_answers_also_after_a_gap(smoothing_s: float) -> None:
    def leaving(number: int) -> list[Detection]:
        return [] if 10 <= number < 15 else one_face(number)

    pipeline = Pipeline(
        brightness_recognizer(), ScriptedDetector(leaving), smoothing_s=smoothing_s, detect_every=1, max_gap_s=1.0
    )
    rival = Rival(brightness_recognizer(), "other")
    seen = 0
    for number in range(25):
        # The face is dark before the gap and bright after it.
        frame = Frame(number, number / 25, picture(number, 30 if number < 12 else 220))
        result = pipeline.process(frame)
        first = [describe_event(event) for event in result.events if event.state == "face"]
        assert rival.compare(result, pipeline)["events"] == first
        seen += len(first)
    assert seen == 20 and pipeline.track_ids == {1}


def test_a_rival_forgets_faces_that_are_gone() -> None:
    def leaving(number: int) -> list[Detection]:
        return one_face(number) if number < 5 else []

    pipeline = Pipeline(brightness_recognizer(), ScriptedDetector(leaving), detect_every=1, max_gap_s=0.2)
    rival = Rival(brightness_recognizer(), "other")
    for number in range(20):
        rival.compare(pipeline.process(Frame(number, number / 25, picture(number, 200))), pipeline)
        assert rival._smoothers.keys() == pipeline.track_ids
    assert pipeline.track_ids == frozenset()
