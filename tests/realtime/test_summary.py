"""The summary page: right numbers, readable without colors, and nothing is asked of the network."""

import csv
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from axe import EACH_SCREEN, axe_script, emulate, violations
from live_results import CLASSES, face, result

from ferbench.realtime import FaceEvent
from ferbench.realtime.sinks.page import SummarySink, clock
from ferbench.realtime.sinks.timelines import MOST_STRETCHES, Stretch, Timelines, thinned


def party(path: Path, *, title: str = "party.mp4", video: Path | None = None) -> Path:
    """Ten seconds: one person happy then sad, another uncertain for a while, half a second of nobody."""
    sink = SummarySink(path, CLASSES, title=title, detector="yunet", video=video)
    for frame in range(100):
        moment = frame / 10
        faces = [face(frame, moment, "happy" if frame < 60 else "sad")] if frame < 95 else []
        if 20 <= frame < 50:
            faces.append(face(frame, moment, "fear", certain=frame >= 30, track_id=2))
        sink.write(result(frame, moment, faces or None))
    sink.close()
    return path


def times_of(path: Path) -> dict[str, dict[str, str]]:
    table = path.with_name(f"{path.stem}_emotions.csv").read_text().splitlines()
    return {row["track_id"]: row for row in csv.DictReader(table)}


def test_the_table_beside_the_page_holds_each_persons_times(tmp_path: Path) -> None:
    rows = times_of(party(tmp_path / "s.html"))
    assert list(rows) == ["1", "2"]
    assert {key: rows["1"][key] for key in ("first_s", "last_s", "in_view_s", "frames", "happy_s", "sad_s")} == {
        "first_s": "0.000",
        "last_s": "9.500",
        "in_view_s": "9.500",
        "frames": "95",
        "happy_s": "6.000",
        "sad_s": "3.500",
    }
    assert (rows["2"]["uncertain_s"], rows["2"]["fear_s"], rows["2"]["angry_s"]) == ("1.000", "2.000", "0.000")


def test_the_page_says_the_same_in_words(tmp_path: Path) -> None:
    page = party(tmp_path / "s.html").read_text()
    assert 'aria-label="Person 1, in view for 9.5 s: happy 6.0 s, sad 3.5 s"' in page
    assert "<title>happy, 0.0 s to 6.0 s</title>" in page
    assert re.search(r"Without a face</dt><dd>5<small>5.0 % of frames", page)
    assert "s_emotions.csv" in page


def test_a_title_cannot_smuggle_markup_into_the_page(tmp_path: Path) -> None:
    page = party(tmp_path / "s.html", title='<script>alert("x")</script>.mp4').read_text()
    assert "<script" not in page and "&lt;script&gt;" in page


def test_the_page_of_a_run_without_frames_or_faces_is_whole(tmp_path: Path) -> None:
    sink = SummarySink(tmp_path / "s.html", CLASSES, title="nothing")
    sink.close()
    assert "No face was found." in (tmp_path / "s.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.html", "s_emotions.csv"]


def test_photographs_are_counted_but_have_no_times(tmp_path: Path) -> None:
    sink = SummarySink(tmp_path / "s.html", CLASSES, title="photos")
    sink.write(result(0, 0.0, [face(track_id=None)], name="a.jpg"))
    sink.write(result(1, 1.0, name="b.jpg"))
    sink.close()
    page = (tmp_path / "s.html").read_text()
    assert "Photographs</dt><dd>2" in page and "Timelines" not in page and "50.0 % of photographs" in page


def test_a_standstill_is_not_time_in_view() -> None:
    times = Timelines()
    for frame, moment in enumerate([0.0, 0.1, 3600.0]):
        times.add(result(frame, moment, [face(frame, moment)]))
    times.finish()
    assert times.tracks[1].in_view_s < 5


def test_labels_of_a_model_switched_to_appear_in_the_page(tmp_path: Path) -> None:
    sink = SummarySink(tmp_path / "s.html", CLASSES, title="x")
    known = face()
    other = FaceEvent(1, 0.1, 1, "face", known.box, 0.9, None, None, "amused", True, ("amused",))
    sink.write(result(0, 0.0, [known]))
    sink.write(result(1, 0.1, [other]))
    sink.close()
    assert times_of(tmp_path / "s.html")["1"]["amused_s"] == "0.100"


def test_a_days_worth_of_flickering_labels_stays_small() -> None:
    times = Timelines()
    for frame in range(30_000):
        events = [face(frame, frame / 10, CLASSES[frame % 7])] if frame % 2 else [face(frame, frame / 10, "happy")]
        times.add(result(frame, frame / 10, events, image=_DOT))
    times.finish()
    assert len(times.tracks[1].stretches) <= MOST_STRETCHES
    # Times are counted exactly all the same.
    assert times.tracks[1].seconds["happy"] == pytest.approx(1500 + 30_000 / 14 / 10, rel=0.01)


_DOT = result().image[:1, :1]


def test_coarse_timelines_show_what_was_there_longest() -> None:
    stretches = [Stretch(k / 10, (k + 1) / 10, "happy" if k % 3 else "sad") for k in range(100)]
    coarse = thinned(stretches, 1.0)
    assert [(round(part.start_s, 6), round(part.end_s, 6), part.label) for part in coarse] == [(0.0, 10.0, "happy")]
    apart = thinned([Stretch(0, 2, "sad"), Stretch(7, 9, "sad")], 1.0)
    assert [(part.start_s, part.end_s) for part in apart] == [(0, 2), (7, 9)]


@pytest.mark.parametrize(("seconds", "text"), [(0, "0.0 s"), (4.24, "4.2 s"), (125, "2:05"), (3600, "1:00:00")])
def test_times_read_as_people_write_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_an_unknown_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"expected one of \.htm, \.html"):
        SummarySink(tmp_path / "s.pdf", CLASSES, title="x")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromedriver are not installed (Debian: apt-get install chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in [
        "headless",
        "no-sandbox",
        "disable-gpu",
        "no-first-run",
        "disable-background-networking",
        "disable-sync",
    ]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    driver.get(party(tmp_path_factory.mktemp("page") / "s.html").as_uri())
    yield driver
    driver.quit()


def test_a_browser_shows_the_page_without_errors_or_requests(browser: Any) -> None:
    resources = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [name for name in resources if not name.startswith("data:")] == []
    assert browser.get_log("browser") == []
    lanes = browser.find_elements("css selector", ".lane svg")
    assert len(lanes) == 2 and all(lane.size["width"] > 200 for lane in lanes)
    widths = browser.execute_script("return [...document.querySelectorAll('.lane rect')].map((r) => r.getBBox().width)")
    assert [round(width) for width in widths] == [600, 350, 100, 200]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_in_light_and_dark(browser: Any, scheme: str) -> None:
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    script = "const s = getComputedStyle(document.querySelector(arguments[0])); return [s.color, s.backgroundColor]"
    page = browser.execute_script(script, "body")[1]
    for selector in ("body", ".soft", ".facts dt", "summary", "footer"):
        assert _contrast(browser.execute_script(script, selector)[0], page) >= 4.5, selector


def _contrast(first: str, second: str) -> float:
    def luminance(color: str) -> float:
        channels = [int(value) / 255 for value in re.findall(r"\d+", color)[:3]]
        linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_a_screen_reader_finds_names_for_timelines_and_tables(browser: Any) -> None:
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    names = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in tree if "role" in node]
    pictures = [name for role, name in names if role in ("image", "img")]
    assert any(name.startswith("Person 1, in view for 9.5 s: happy") for name in pictures)
    assert {"Time and faces per emotion", "People"} <= {name for role, name in names if role == "region"}
    assert "Emotion" in {name for role, name in names if role == "columnheader"}


@EACH_SCREEN
def test_axe_finds_nothing(browser: Any, width: int, theme: str) -> None:
    script = axe_script()
    emulate(browser, width, theme)
    try:
        assert violations(browser, script) == []
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_a_phone_needs_no_sideways_scrolling(browser: Any) -> None:
    metrics = {"width": 360, "height": 800, "deviceScaleFactor": 2, "mobile": True}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 360


def test_the_video_is_linked_by_a_short_relative_path_only(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    (tmp_path / "far" / "away").mkdir(parents=True)
    clip = tmp_path / "clips" / 'a "clip".mp4'
    clip.write_bytes(b"")
    page = party(tmp_path / "s.html", video=clip).read_text()
    assert 'src="clips/a%20%22clip%22.mp4"' in page and str(tmp_path) not in page
    for other in (
        party(tmp_path / "far" / "away" / "s.html", video=clip),
        party(tmp_path / "t.html", video=Path("gone")),
    ):
        assert " src=" not in other.read_text() and 'id="choose"' in other.read_text()
    assert "<script" not in party(tmp_path / "plain.html").read_text()


def test_a_click_on_a_timeline_seeks_in_the_video(browser: Any, tmp_path: Path) -> None:
    clip = tmp_path / "clip.webm"
    writer = cv2.VideoWriter(str(clip), cv2.VideoWriter.fourcc(*"VP80"), 10, (64, 48))
    if not writer.isOpened():
        pytest.skip("OpenCV has no VP8 encoder here")
    for level in range(100):
        writer.write(np.full((48, 64, 3), level, np.uint8))
    writer.release()
    browser.get_log("browser")
    browser.get(party(tmp_path / "s.html", video=clip).as_uri())
    support = pytest.importorskip("selenium.webdriver.support.ui")
    wait = support.WebDriverWait(browser, 30)
    wait.until(lambda page: page.execute_script("return document.querySelector('video').readyState > 0"))
    browser.execute_script(
        "const lane = document.querySelector('.lane svg'), place = lane.getBoundingClientRect();"
        "lane.dispatchEvent(new MouseEvent('click', {clientX: place.left + place.width / 2, bubbles: true}));"
    )
    moment = "return document.querySelector('video').currentTime"
    assert browser.execute_script(moment) == pytest.approx(5, abs=0.1)
    wait.until(lambda page: abs(float(page.find_element("class name", "needle").get_attribute("x1")) - 500) < 12)
    browser.execute_script("document.querySelector('button[data-s=\"6.000\"]').click()")
    assert browser.execute_script(moment) == pytest.approx(6, abs=0.1)
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_page_without_its_video_asks_for_it(browser: Any, tmp_path: Path) -> None:
    browser.get(party(tmp_path / "s.html", video=tmp_path / "gone.mp4").as_uri())
    assert browser.find_element("id", "choose").is_displayed()
    assert not browser.find_element("tag name", "video").is_displayed()
