"""Make the README's moving picture: the live system on an animated drawn face.

``python docs/tools/moving_picture.py docs/_static/live.gif`` draws a face that changes its expression, runs detector,
tracker, recognizer and key points on the frames as the live system does, and writes an animated GIF. Nobody real is
shown, and the labels are what the shipped network answers.
"""

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures

from ferbench.datasets.faces.actions import ACTION_UNITS
from ferbench.datasets.faces.camera import background, expose, light_head, shading
from ferbench.datasets.faces.drawing import Painter, fixed_point
from ferbench.datasets.faces.geometry import curve_slices, face_shapes
from ferbench.datasets.faces.sampling import FaceParameters, sample_faces
from ferbench.realtime import Frame, Overlay, Pipeline, Recognizer, make_detector
from ferbench.realtime.drawing import color_of
from ferbench.realtime.drawing.text import draw_text

Image = NDArray[np.uint8]

SEED, FPS = 6, 12
FACE_SIDE, SIZE, STRIP = 330, (640, 360), 70
# Seconds that an expression takes to come, and that it stays.
CHANGE_S, STAY_S = 0.4, 1.0
# Strong expressions after EMFACS (Friesen and Ekman, 1983): action units with their intensities.
EXPRESSIONS: tuple[dict[str, float], ...] = (
    {},
    {"AU6": 1.0, "AU12": 1.2, "AU25": 1.0},
    {"AU1": 1.0, "AU2": 1.0, "AU5": 1.1, "AU25": 1.0, "AU26": 1.2},
    {"AU4": 1.3, "AU5": 0.5, "AU7": 0.9, "AU23": 1.0, "AU17": 0.5},
    {"AU1": 1.1, "AU4": 0.6, "AU15": 1.2, "AU17": 0.6},
)
_UNITS = list(ACTION_UNITS)


def person(seed: int = SEED) -> FaceParameters:
    """Return the parameters of one drawn person at rest, evenly lit and without noise."""
    faces = sample_faces([np.random.default_rng(seed)], np.array(["neutral"]), 0.0)
    look = {**faces.look, "noise": np.zeros(1), "blur": np.zeros(1), "cover": np.zeros(1)}
    return replace(faces, look=look, framing=np.array([[0.66, 0.0, 0.02]]))


def actions_at(second: float) -> NDArray[np.float64]:
    """Return the intensities of the action units at a time, of shape (1, n_action_units, 2)."""
    each = CHANGE_S + STAY_S
    place = int(second / each) % len(EXPRESSIONS)
    passed = (second % each) / CHANGE_S
    share = 0.5 - 0.5 * np.cos(np.pi * min(1.0, passed))
    before, after = (_intensities(EXPRESSIONS[number]) for number in (place - 1, place))
    both = (1 - share) * before + share * after
    return np.repeat(both[None, :, None], 2, axis=2)


def _intensities(expression: dict[str, float]) -> NDArray[np.float64]:
    return np.array([expression.get(unit, 0.0) for unit in _UNITS])


def draw_face(faces: FaceParameters, side: int, seed: int = SEED) -> Image:
    """Draw one face as a gray image of `side` x `side` pixels."""
    generator = np.random.default_rng(seed)
    shapes = face_shapes(faces, side)
    light = shading(faces, shapes, side)
    curves, points = fixed_point(shapes.curves, 2)[0], fixed_point(shapes.points, 2)[0]
    look = {name: float(values[0]) for name, values in faces.look.items()}
    canvas = background(2 * side, {**look, "background": 200.0, "background_mix": 0.0}, generator)
    painter = Painter(
        canvas=canvas,
        curves=curves,
        points=points,
        slices=curve_slices(),
        look=look,
        actions=faces.actions[0],
        unit=float(shapes.scale[0]) * 2,
    )
    painter.paint()
    lit = light_head(canvas, curves[curve_slices()["face"]], light[0], look, generator)
    small = cv2.resize(lit, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    return expose(small, look, generator)


def frame_at(index: int, n_frames: int, seed: int = SEED) -> Frame:
    """Return one frame of a round: a head that moves a little while its expression changes."""
    second, turn = index / FPS, 2 * np.pi * index / n_frames
    pose = np.array([[0.14 * np.sin(turn), 0.04 * np.sin(2 * turn), 0.05 * np.sin(2 * turn + 1)]])
    face = draw_face(replace(person(seed), actions=actions_at(second), pose=pose), FACE_SIDE, seed)
    picture = np.full((SIZE[1], SIZE[0]), int(face[2, 2]), np.uint8)
    left = 60 + round(14 * np.sin(turn))
    picture[SIZE[1] - FACE_SIDE :, left : left + FACE_SIDE] = face
    return Frame(index, second, cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR))


def timeline(probabilities: NDArray[np.float64], classes: tuple[str, ...], n_frames: int) -> Image:
    """Draw the probabilities so far as a stack of colored bands, with the names of the labels."""
    strip = np.full((STRIP, SIZE[0], 3), 24, np.uint8)
    step = SIZE[0] / n_frames
    top, height = 24, STRIP - 28
    for index, row in enumerate(probabilities):
        edges = top + np.rint(height * np.concatenate([[0.0], np.cumsum(row)])).astype(int)
        for label, upper, lower in zip(classes, edges, edges[1:], strict=False):
            strip[upper:lower, round(index * step) : round((index + 1) * step)] = _bgr(color_of(label, classes))
    x = 8
    for label in classes:
        cv2.rectangle(strip, (x, 8), (x + 10, 18), _bgr(color_of(label, classes)), cv2.FILLED)
        draw_text(strip, label, (x + 15, 5), 12, (255, 255, 255))
        x += 90
    return strip


def _bgr(color: str) -> tuple[int, int, int]:
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    return blue, green, red


def render(n_frames: int | None = None) -> list[Image]:
    """Return the finished frames, BGR; by default one round of all expressions."""
    n_round = round(FPS * len(EXPRESSIONS) * (CHANGE_S + STAY_S))
    count = n_frames or n_round
    recognizer = Recognizer.load("ferbench-net-l")
    pipeline = Pipeline(recognizer, make_detector("haar"), smoothing_s=0.25, detect_every=1, points=True)
    overlay = Overlay(status=False)
    rows: list[NDArray[np.float64]] = []
    pictures: list[Image] = []
    # The last frames run first, so that the track and the smoothing have begun when the picture starts again.
    for index in range(n_round - 3, n_round):
        frame = frame_at(index, n_round)
        pipeline.process(replace(frame, timestamp_s=frame.timestamp_s - n_round / FPS), source_fps=FPS)
    for index in range(count):
        frame = frame_at(index, n_round)
        result = pipeline.process(frame, source_fps=FPS)
        smoothed = result.events[0].smoothed
        rows.append(np.zeros(len(recognizer.classes_)) if smoothed is None else smoothed)
        strip = timeline(np.array(rows), recognizer.classes_, n_round)
        pictures.append(np.vstack([overlay.annotate(result), strip]))
    return pictures


def write_gif(pictures: list[Image], path: Path) -> None:
    """Write an animated GIF with one palette for all frames, which keeps it small and calm."""
    shown = [Pictures.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)) for picture in pictures]
    sample = Pictures.fromarray(np.vstack([np.asarray(picture) for picture in shown[:: max(1, len(shown) // 6)]]))
    palette = sample.quantize(96, dither=Pictures.Dither.NONE)
    mapped = [picture.quantize(palette=palette, dither=Pictures.Dither.NONE) for picture in shown]
    path.parent.mkdir(parents=True, exist_ok=True)
    mapped[0].save(path, save_all=True, append_images=mapped[1:], duration=round(1000 / FPS), loop=0, optimize=False)


if __name__ == "__main__":
    write_gif(render(), Path(sys.argv[1] if len(sys.argv) > 1 else "docs/_static/live.gif"))
