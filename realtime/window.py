"""Show annotated frames in a window and handle keys, in the main thread while the loop runs in another."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from ferbench.realtime.drawing import Overlay
from ferbench.realtime.events import FrameResult
from ferbench.realtime.points_switch import PointsSwitch
from ferbench.realtime.sinks import write_image
from ferbench.realtime.switcher import ModelSwitcher

T = TypeVar("T")
_SMALLEST, _MOST_OF_SCREEN = 640, 0.8
_POLL_S, _NOTICE_S = 0.015, 2.5
_KEYS = (("q, Esc", "quit"), ("space", "pause"), ("s", "save a snapshot"), ("m", "mirror"))
_HINT = "h: help"
_POINTS_KEY, _HELP_KEY = ("p", "key points"), ("h", "this help")
# Drivers that SDL uses without a display; their windows are invisible.
_BLIND = ("dummy", "offscreen")


class Window:
    """Window that shows results; it is a sink of the loop.

    Parameters
    ----------
    title : str
        Title of the window.
    stop : threading.Event
        Ends the run; the window sets it when it is closed.
    overlay : Overlay, optional
        Style of the annotations.
    mirror : bool
        Mirror the picture in the window; files are not mirrored.
    pace : bool
        Show files at their original speed instead of as fast as they are processed.
    snapshots : Path
        Folder for snapshots (key ``s``).
    switcher : ModelSwitcher, optional
        Switches the model (keys 1 to 9).
    points : PointsSwitch, optional
        Shows and hides key points (key ``p``).

    Notes
    -----
    Call :meth:`open` and :meth:`run` in the main thread, which some systems require; the loop calls `write` and `close`
    in its thread. During a pause `write` blocks, which pauses the whole run.
    """

    def __init__(
        self,
        title: str,
        *,
        stop: threading.Event,
        overlay: Overlay | None = None,
        mirror: bool = False,
        pace: bool = False,
        snapshots: Path = Path(),
        switcher: ModelSwitcher | None = None,
        points: PointsSwitch | None = None,
    ) -> None:
        self.title, self.stop, self.mirror, self.pace = title, stop, mirror, pace
        self.snapshots, self.switcher, self.points = snapshots, switcher, points
        self.paused = self.help = False
        self._hint = _HINT
        self._overlay = overlay or Overlay()
        self._changed = threading.Condition()
        self._latest: FrameResult | None = None
        self._stale = True
        self._ended = False
        self._notice, self._notice_until = "", 0.0
        self._clock: tuple[float, float] | None = None
        self._drawn_message: str | None = None
        self._sized = False

    def write(self, result: FrameResult) -> None:
        """Pass on a frame for display, without waiting until it is drawn."""
        if result.events and self.pace:
            self._wait_until_due(result.timestamp_s)
        with self._changed:
            if not result.events and self._latest is not None:
                # No new frame: show the last one again, with the current message.
                result = replace(self._latest, message=result.message, fps=result.fps)
            self._latest, self._stale = result, True
            self._changed.notify_all()
        while self.paused and not self.stop.is_set():
            self._clock = None
            time.sleep(_POLL_S)

    def close(self) -> None:
        """Tell the window that the last frame was written."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def open(self) -> None:
        """Open the window.

        Raises
        ------
        OSError
            If this machine has no display.
        """
        pygame = _pygame()
        try:
            pygame.display.init()
            driver = pygame.display.get_driver()
            if driver in _BLIND and "SDL_VIDEODRIVER" not in os.environ:
                raise pygame.error("this machine has no display")
            pygame.display.set_mode((_SMALLEST, _SMALLEST * 3 // 4), pygame.RESIZABLE)
        except pygame.error as error:
            pygame.display.quit()
            raise OSError(
                f"no window can be opened ({error}); use --no-window and write files with --output-video, --events "
                "or --summary"
            ) from error
        pygame.display.set_caption(self.title)

    def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread and serve the window until it ends or the window is closed.

        Parameters
        ----------
        work : callable
            Function to run; must return soon after `stop` is set.

        Returns
        -------
        any
            Return value of `work`.

        Raises
        ------
        Exception
            Error raised by `work`.
        """
        outcome: dict[str, Any] = {}

        def guarded() -> None:
            try:
                outcome["result"] = work()
            except BaseException as error:  # passed to the caller, whatever its type
                outcome["error"] = error
            finally:
                self.close()

        # A daemon thread, so that a second Ctrl-C ends the process even if a camera driver blocks.
        thread = threading.Thread(target=guarded, name="ferbench-run", daemon=True)
        thread.start()
        try:
            while not self._done(failed="error" in outcome):
                self.step()
        finally:
            self.stop.set()
            thread.join()
            _pygame().display.quit()
        if "error" in outcome:
            raise outcome["error"]
        return cast(T, outcome["result"])

    def step(self) -> None:
        """Handle user input, and draw if there is something new."""
        pygame = _pygame()
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                self.stop.set()
            elif event.type == pygame.KEYDOWN:
                self._key(event)
            elif event.type in (pygame.VIDEORESIZE, pygame.VIDEOEXPOSE):
                self._stale = True
        with self._changed:
            if not self._stale:
                self._changed.wait(_POLL_S)
        message = self._message()
        if self._latest is not None and (self._stale or message != self._drawn_message):
            self._stale = False
            self._draw(self._latest, message)

    def _done(self, *, failed: bool) -> bool:
        if self.stop.is_set() or failed:
            return True
        # A photograph stays until the user closes the window; the end of a video closes it.
        still = self._latest is not None and self._latest.name is not None
        return self._ended and not still

    def _key(self, event: Any) -> None:
        pygame = _pygame()
        self._stale = True
        if event.key in (pygame.K_q, pygame.K_ESCAPE):
            self.stop.set()
        elif event.key == pygame.K_SPACE:
            self.paused = not self.paused
        elif event.key == pygame.K_m:
            self.mirror = not self.mirror
        elif event.key == pygame.K_h:
            self.help = not self.help
            # Who has found the key needs no hint any more.
            self._hint = ""
        elif event.key == pygame.K_p and self.points is not None:
            self.points.toggle()
        elif event.key == pygame.K_s:
            self._snapshot()
        elif event.unicode and event.unicode in "123456789" and self.switcher is not None:
            self.switcher.choose(int(event.unicode))

    def _draw(self, result: FrameResult, message: str | None) -> None:
        pygame = _pygame()
        if not self._sized:
            self._fit_window(result)
        screen = pygame.display.get_surface()
        left, top, width, height = _letterbox(result.image.shape[1::-1], screen.get_size())
        table = self._help_lines() if self.help else ()
        canvas = self._annotated(replace(result, message=message), size=(width, height), table=table, hint=self._hint)
        screen.fill((0, 0, 0))
        screen.blit(pygame.image.frombuffer(canvas.tobytes(), (width, height), "BGR"), (left, top))
        pygame.display.flip()
        self._drawn_message = message

    def _annotated(self, result: FrameResult, **options: Any) -> NDArray[np.uint8]:
        if self.points is not None:
            self._overlay.points = self.points.shown
        return self._overlay.annotate(result, mirror=self.mirror, **options)

    def _fit_window(self, result: FrameResult) -> None:
        """Set the window to the size of the first frame, but not tiny and not larger than the screen."""
        pygame = _pygame()
        height, width = result.image.shape[:2]
        room = pygame.display.get_desktop_sizes()[0]
        scale = max(1.0, _SMALLEST / width)
        scale = min(scale, _MOST_OF_SCREEN * room[0] / width, _MOST_OF_SCREEN * room[1] / height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        pygame.display.set_mode(size, pygame.RESIZABLE)
        self._sized = True

    def _message(self) -> str | None:
        """Return the text to show, or None."""
        parts = [self._latest.message if self._latest else None, "paused" if self.paused else None]
        parts += [switch.message for switch in (self.switcher, self.points) if switch]
        parts.append(self._notice if time.monotonic() < self._notice_until else None)
        parts.append("end of the source; q closes the window" if self._ended else None)
        return " · ".join(part for part in parts if part) or None

    def _help_lines(self) -> list[tuple[str, str]]:
        names = self.switcher.names if self.switcher else ()
        keys = [*_KEYS, *([_POINTS_KEY] if self.points else []), _HELP_KEY]
        return [*keys, *((str(number), name) for number, name in enumerate(names, 1))]

    def _snapshot(self) -> None:
        if self._latest is None:
            return
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S-%f")[:-3]
        path = self.snapshots / f"ferbench-{stamp}.png"
        try:
            write_image(path, self._annotated(replace(self._latest, message=None)))
            self._say(f"saved {path}")
        except OSError as error:
            # A full disk must not stop the display.
            self._say(f"not saved: {path}: {error.strerror}")

    def _say(self, text: str) -> None:
        self._notice, self._notice_until = text, time.monotonic() + _NOTICE_S

    def _wait_until_due(self, timestamp_s: float) -> None:
        now = time.monotonic()
        if self._clock is None:
            self._clock = (now, timestamp_s)
        due = self._clock[0] + timestamp_s - self._clock[1]
        if due < now - 0.5:
            # Recognition is slower than the video. Restart the clock instead of showing the rest too fast.
            self._clock = (now, timestamp_s)
        self.stop.wait(max(0.0, due - now))


def _letterbox(image: tuple[int, int], window: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, width and height of an image in a window with another aspect ratio."""
    scale = min(window[0] / image[0], window[1] / image[1])
    width, height = max(1, round(image[0] * scale)), max(1, round(image[1] * scale))
    return (window[0] - width) // 2, (window[1] - height) // 2, width, height


def _pygame() -> Any:
    # Its greeting on standard output would mix with the output of the command.
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    import pygame

    return pygame
