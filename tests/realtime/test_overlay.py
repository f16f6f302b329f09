"""What is drawn on frames: legible, in the right place, and never on the caller's image."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ferbench.features import POINT_NAMES
from ferbench.realtime import FaceEvent, FrameResult
from ferbench.realtime.drawing.captions import place_captions
from ferbench.realtime.drawing.colors import EMOTION_COLORS, UNCERTAIN_COLOR, bgr, color_of, ink_on
from ferbench.realtime.drawing.overlay import Overlay
from ferbench.realtime.drawing.places import face_rect, hidden
from ferbench.realtime.drawing.text import text_mask

CLASSES = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")


def face(
    box: tuple[int, int, int, int], label: str = "happy", *, certain: bool = True, track_id: int | None = 1
) -> FaceEvent:
    probabilities = np.full(7, 0.05)
    probabilities[CLASSES.index(label)] = 0.7
    return FaceEvent(0, 0.0, track_id, "face", box, 1.0, probabilities, probabilities, label, certain, CLASSES)


def result(image: NDArray[np.uint8], *events: FaceEvent, message: str | None = None) -> FrameResult:
    shown = events or (FaceEvent.no_face(frame=0, timestamp_s=0.0, classes=CLASSES),)
    return FrameResult(0, 0.0, image, shown, 12.0, 60.0, "some-net", message)


def pixels_of(image: NDArray[np.uint8], color: str) -> NDArray[np.bool_]:
    return (image == np.array(bgr(color), np.uint8)).all(axis=2)


def gray(height: int, width: int, level: int = 128) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


def test_the_callers_image_stays_as_it_was() -> None:
    image = gray(240, 320)
    image.flags.writeable = False
    drawn = Overlay().annotate(result(image, face((100, 80, 90, 90))))
    assert (image == 128).all()
    assert drawn.shape == image.shape and drawn.dtype == np.uint8
    assert not np.shares_memory(drawn, image)


def test_the_box_is_drawn_where_the_face_is_in_the_color_of_its_emotion() -> None:
    drawn = Overlay(bars=False, status=False).annotate(result(gray(480, 640), face((200, 150, 120, 140), "fear")))
    left, _, right, bottom = face_rect((200, 150, 320, 290))
    rows, columns = np.nonzero(pixels_of(drawn, EMOTION_COLORS["fear"])[160:])
    assert abs(columns.min() - left) <= 2 and abs(columns.max() - right) <= 2
    assert abs(rows.max() + 160 - bottom) <= 2
    # The square that the recognizer sees is larger than the face.
    assert 200 < left < 215 and 305 < right < 320


def test_an_uncertain_face_is_gray_and_says_so() -> None:
    drawn = Overlay(status=False).annotate(result(gray(480, 640, 30), face((200, 150, 120, 140), certain=False)))
    assert pixels_of(drawn, UNCERTAIN_COLOR).sum() > 500
    for color in EMOTION_COLORS.values():
        assert not pixels_of(drawn, color).any()


@pytest.mark.parametrize("ground", [0, 60, 128, 200, 255])
def test_boxes_and_labels_stand_out_on_any_ground(ground: int) -> None:
    image = gray(480, 640, ground)
    drawn = Overlay(status=False).annotate(result(image, face((200, 150, 120, 140), certain=False)))
    edge = drawn[220, 205:222].astype(int)
    assert np.abs(edge - ground).max() > 70


@pytest.mark.parametrize("color", [*EMOTION_COLORS.values(), UNCERTAIN_COLOR])
def test_text_on_labels_has_the_contrast_that_wcag_asks_for(color: str) -> None:
    def luminance(channels: tuple[int, int, int]) -> float:
        blue, green, red = (
            value / 255 / 12.92 if value <= 10 else ((value / 255 + 0.055) / 1.055) ** 2.4 for value in channels
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    pair = sorted((luminance(bgr(color)), luminance(ink_on(color))))
    assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5


def test_every_label_has_a_color_of_its_own() -> None:
    assert len(set(EMOTION_COLORS.values()) | {UNCERTAIN_COLOR}) == 8
    classes = ("happy", "bored", "amused")
    assert len({color_of(label, classes) for label in classes}) == 3
    assert color_of("bored", classes) == color_of("bored", classes)
    many = [f"label {number}" for number in range(40)]
    assert len({color_of(label, many) for label in many} | set(EMOTION_COLORS.values()) | {UNCERTAIN_COLOR}) == 48


@pytest.mark.parametrize(("height", "width"), [(239, 320), (720, 1280), (48, 48), (1, 1), (2000, 300)])
def test_faces_at_and_beyond_the_borders_are_drawn_without_an_error(height: int, width: int) -> None:
    boxes = [(-40, -30, 80, 80), (width - 30, height - 30, 90, 90), (0, 0, width, height), (width + 5, 0, 40, 40)]
    drawn = Overlay().annotate(result(gray(height, width), *(face(box) for box in boxes), message="camera lost"))
    assert drawn.shape == (height, width, 3)


def test_the_label_of_a_face_at_the_upper_border_stays_in_the_picture() -> None:
    drawn = Overlay(bars=False, status=False).annotate(result(gray(240, 320), face((100, 0, 80, 80), "happy")))
    filled = pixels_of(drawn, EMOTION_COLORS["happy"])
    assert filled.sum(axis=1).max() > 60, "the label's ground is missing"


def test_bars_hide_no_face() -> None:
    image = gray(480, 640)
    boxes = [(20 + 150 * column, 40 + 220 * row, 110, 110) for row in range(2) for column in range(4)]
    with_bars = Overlay(status=False).annotate(result(image, *(face(box) for box in boxes)))
    without = Overlay(bars=False, status=False).annotate(result(image, *(face(box) for box in boxes)))
    for x, y, width, height in boxes:
        assert (with_bars[y : y + height, x : x + width] == without[y : y + height, x : x + width]).all()


def test_labels_of_neighbors_do_not_hide_each_other() -> None:
    events = [face((40 + 70 * place, 200, 60, 60), CLASSES[place], track_id=place) for place in range(7)]
    drawn = Overlay(bars=False, status=False).annotate(result(gray(480, 640), *events))
    for place, label in enumerate(CLASSES):
        # The ground of a label is a filled area; a box alone has only lines.
        filled = cv2.erode(pixels_of(drawn, EMOTION_COLORS[label]).astype(np.uint8), np.ones((4, 4), np.uint8))
        assert filled.any(), f"the label of face {place} is hidden"


def test_scaled_and_mirrored_boxes_stay_on_their_faces() -> None:
    image = gray(240, 320)
    drawn = Overlay(bars=False, status=False).annotate(
        result(image, face((40, 100, 60, 60), "sad")), size=(640, 480), mirror=True
    )
    assert drawn.shape == (480, 640, 3)
    left, _, right, bottom = face_rect((40, 100, 100, 160))
    rows, columns = np.nonzero(pixels_of(drawn, EMOTION_COLORS["sad"])[215:])
    assert abs(columns.min() - (320 - right) * 2) <= 3 and abs(columns.max() - (320 - left) * 2) <= 3
    assert abs(rows.max() + 215 - 2 * bottom) <= 3


def test_mirroring_turns_the_picture_but_not_the_text() -> None:
    image = gray(240, 320)
    image[:, :100] = 250
    drawn = Overlay().annotate(result(image), mirror=True)
    assert (drawn[150, 250] == 250).all() and (drawn[150, 50] == 128).all()
    plain = Overlay().annotate(result(gray(240, 320)))
    mirrored = Overlay().annotate(result(gray(240, 320)), mirror=True)
    assert (plain == mirrored).all()


def test_speed_and_messages_are_shown_only_when_wanted() -> None:
    image = gray(240, 320)
    assert (Overlay(status=False).annotate(result(image)) == image).all()
    status = Overlay().annotate(result(image))
    assert (status != image).any()
    assert (Overlay().annotate(result(image, message="camera 0 lost")) != status).any()


def test_letters_beyond_ascii_are_drawn() -> None:
    assert text_mask("glücklich · 5 %", 20).any()
    assert (text_mask("ü", 20) != text_mask("?", 20)[:, : text_mask("ü", 20).shape[1]]).any()


def test_odd_probabilities_of_a_model_do_not_break_the_picture() -> None:
    event = face((100, 80, 90, 90))
    odd = np.array([np.nan, -1, 7, 0, 0, 0, 0])
    strange = FaceEvent(0, 0.0, 1, "face", event.box, 1.0, odd, odd, "fear", True, CLASSES)
    assert Overlay().annotate(result(gray(240, 320), strange)).shape == (240, 320, 3)


@pytest.mark.data
def test_a_real_frame_keeps_its_face_visible(shared_data: Path) -> None:
    capture = cv2.VideoCapture(str(shared_data / "clip_talking_head.avi"))
    ok, frame = capture.read()
    capture.release()
    assert ok
    box = (190, 39, 96, 96)
    drawn = Overlay().annotate(result(np.asarray(frame, np.uint8), face(box)))
    left, top, right, bottom = face_rect((box[0], box[1], box[0] + box[2], box[1] + box[3]))
    inner = np.s_[top + 6 : bottom - 6, left + 6 : right - 6]
    assert (drawn[inner] == frame[inner]).all()
    assert (drawn != frame).any()


def with_points(event: FaceEvent, points: list[tuple[float, float]]) -> FaceEvent:
    names = tuple(f"point {number}" for number in range(len(points)))
    return replace(event, points=np.array(points, float), point_names=names)


def light(scene: FrameResult, **options: Any) -> NDArray[np.float64]:
    """Middle x, y of each light spot that the points are drawn as, from left to right."""
    drawn, without = (
        Overlay(bars=False, status=False, points=points).annotate(scene, **options) for points in (True, False)
    )
    bright = (drawn.min(axis=2) > 225) & (drawn != without).any(axis=2)
    _, _, _, middles = cv2.connectedComponentsWithStats(bright.astype(np.uint8))
    return np.array(sorted(middles[1:].tolist()))


def test_key_points_are_drawn_where_they_lie() -> None:
    points = [(230.0, 190.0), (260.5, 240.0), (300.0, 200.25)]
    scene = result(gray(480, 640), with_points(face((200, 150, 120, 140), "sad"), points))
    assert light(scene) == pytest.approx(np.array(points), abs=0.3)


def test_key_points_follow_scaling_and_mirroring() -> None:
    event = with_points(face((40, 100, 60, 60), "sad"), [(60.0, 120.0), (80.0, 130.0)])
    scene = result(gray(240, 320), event)
    expected = [[639 - (80.5 * 2 - 0.5), 130.5 * 2 - 0.5], [639 - (60.5 * 2 - 0.5), 120.5 * 2 - 0.5]]
    assert light(scene, size=(640, 480), mirror=True) == pytest.approx(np.array(expected), abs=0.6)


@pytest.mark.parametrize("ground", [0, 60, 128, 200, 255])
def test_key_points_stand_out_on_any_ground(ground: int) -> None:
    image = gray(480, 640, ground)
    event = with_points(face((200, 150, 120, 140)), [(260.0, 220.0)])
    drawn = Overlay(bars=False, status=False).annotate(result(image, event))
    assert np.abs(drawn[215:226, 255:266].astype(int) - ground).max() > 100


def test_key_points_can_be_left_out_and_lie_anywhere() -> None:
    image = gray(240, 320)
    odd = [(-500.0, 20.0), (1e12, -1e12), (np.nan, 3.0), (np.inf, 3.0), (319.0, 239.0)]
    event = with_points(face((100, 60, 90, 90)), odd)
    assert Overlay().annotate(result(image, event)).shape == image.shape
    without = Overlay(points=False).annotate(result(image, event))
    assert (without == Overlay().annotate(result(image, face((100, 60, 90, 90))))).all()


def test_labels_cover_no_neighbor_and_all_have_one_form() -> None:
    events = [face((20 + 66 * place, 60, 90, 90), CLASSES[place], track_id=place) for place in range(7)]
    faces = [face_rect((x, y, x + width, y + height)) for x, y, width, height in (event.box or () for event in events)]
    captions = place_captions(events, faces, [], gray(260, 560), 14)
    assert len({"%" in caption.text for caption in captions}) == 1, "a share for all or for none"
    assert len({caption.size for caption in captions}) == 1
    for number, caption in enumerate(captions):
        others = [*faces[:number], *faces[number + 1 :]]
        others += [other.place for at, other in enumerate(captions) if at != number]
        assert hidden(caption.place, others) == 0


def test_a_single_face_has_the_full_label() -> None:
    (caption,) = place_captions([face((40, 60, 90, 90))], [(50, 65, 120, 148)], [], gray(240, 320), 12)
    assert caption.text == "#1 happy 70 %" and caption.size == 12


def test_the_status_is_above_a_box_in_the_same_corner() -> None:
    image = gray(240, 320, 0)
    alone = Overlay(bars=False).annotate(result(image, message="wait"))
    with_face = Overlay(bars=False).annotate(result(image, face((-10, -10, 120, 120)), message="wait"))
    # The ground of a strip lets a little of what is below through, but its letters stand above all lines.
    letters = alone[:26, :50].min(axis=2) > 200
    assert letters.sum() > 20 and (with_face[:26, :50][letters] > 195).all()


def test_eyes_brows_and_mouth_are_thin_connected_lines() -> None:
    places = dict.fromkeys(POINT_NAMES, (250.0, 250.0))
    places |= {"left_eyebrow_outer_end": (300.0, 180.0), "left_eyebrow_inner_end": (260.0, 180.0)}
    places |= {"mouth_left_corner": (300.0, 240.0), "mouth_right_corner": (220.0, 240.0)}
    places |= {"mouth_center_top_lip": (260.0, 235.0), "mouth_center_bottom_lip": (260.0, 260.0)}
    event = replace(face((200, 150, 120, 140)), points=np.array(list(places.values())), point_names=POINT_NAMES)
    drawn = Overlay(bars=False, status=False).annotate(result(gray(480, 640), event))
    light = drawn.min(axis=2) > 190
    # The middle of the brow lies on no point, and the lips pass through theirs.
    assert light[179:182, 280].any() and light[234:237, 260].any() and light[259:262, 260].any()
    assert 0 < light[170:190, 280].sum() <= 3


def test_help_covers_no_face_and_the_hint_is_in_the_corner() -> None:
    image = gray(480, 640)
    scene = result(image, face((200, 100, 240, 240)))
    plain = Overlay(bars=False, status=False).annotate(scene)
    helped = Overlay(bars=False, status=False).annotate(scene, table=[("q, Esc", "quit"), ("space", "pause")])
    changed = (plain != helped).any(axis=2)
    left, top, right, bottom = face_rect((200, 100, 440, 340))
    assert changed.sum() > 2000 and not changed[top:bottom, left:right].any()
    hinted = (plain != Overlay(bars=False, status=False).annotate(scene, hint="h: help")).any(axis=2)
    assert hinted[450:, :100].any() and not hinted[:440].any() and not hinted[:, 200:].any()
