"""Make the README's moving picture: the web page's demo, recorded in a browser.

``python docs/tools/web_picture.py docs/_static/live.gif`` serves the page, opens it in Chromium without a window,
starts its demo and takes pictures: a drawn face, its box and points, bars and the time line. Nobody real is shown, and
the labels are what the shipped network answers. It needs selenium, Chromium and its driver.
"""

import io
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageColor

from ferbench.datasets import LABELS
from ferbench.realtime.drawing import color_of

# The page at this size in CSS pixels; the pictures are shown smaller.
PAGE, SHOWN = (1200, 900), (816, 612)
# The demo shows each of seven expressions for three seconds.
LENGTH_S, STEP_S, COLORS = 21.0, 0.25, 128


@contextmanager
def served() -> Iterator[str]:
    """Start ``ferbench serve`` on a free port; give the address of its page."""
    line = [sys.executable, "-m", "ferbench.cli", "serve", "--port", "0", "--model", "ferbench-net-l"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()


@contextmanager
def opened(address: str) -> Iterator[Any]:
    """Open the page in a browser without a window."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("headless=new", "no-sandbox", "disable-gpu", "hide-scrollbars", "no-first-run"):
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        size = {"width": PAGE[0], "height": PAGE[1], "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get(address)
        yield driver
    finally:
        driver.quit()


def start(driver: Any, patience_s: float = 60.0) -> None:
    """Start the demo with key points, and wait for the first answers."""
    run = driver.execute_script
    until = time.monotonic() + patience_s
    # A click before the page's script has run does nothing.
    choose = "for (const mode of ['camera', 'demo']) document.querySelector(`input[value=${mode}]`).click()"
    while not run("return document.getElementById('begin').textContent.includes('demo')"):
        run(choose)
        _wait(until, "the page")
    run("document.getElementById('begin').click(); document.activeElement.blur()")
    while run("return parseInt(document.getElementById('rows').textContent) || 0") < 3:
        _wait(until, "the first faces")
    points = "document.getElementById('points')"
    run(f"if (!document.getElementById('points-field').hidden && !{points}.checked) {points}.click()")


def _wait(until: float, what: str) -> None:
    if time.monotonic() > until:
        raise TimeoutError(f"the browser shows nothing of {what}; is the server running?")
    time.sleep(0.1)


def record(driver: Any, length_s: float = LENGTH_S, step_s: float = STEP_S) -> tuple[list[Image.Image], float]:
    """Take pictures of the page; return them and the seconds between them.

    A busy machine takes fewer pictures, and they are shown as far apart as they were taken.
    """
    pictures: list[Image.Image] = []
    began = time.monotonic()
    while (passed := time.monotonic() - began) < length_s:
        time.sleep(max(0.0, len(pictures) * step_s - passed))
        shot = Image.open(io.BytesIO(driver.get_screenshot_as_png())).convert("RGB")
        pictures.append(shot.resize(SHOWN, Image.Resampling.LANCZOS))
    return pictures, (time.monotonic() - began) / len(pictures)


def write_gif(pictures: list[Image.Image], path: Path, step_s: float) -> None:
    """Write an animated GIF with one palette for all frames, which keeps it small and calm."""
    shown = pictures[:: max(1, len(pictures) // 6)]
    sample = Image.new("RGB", (SHOWN[0], SHOWN[1] * len(shown) + 100 * len(LABELS)))
    for place, picture in enumerate(shown):
        sample.paste(picture, (0, SHOWN[1] * place))
    # The colors of the labels cover few pixels; without an area of their own they would become one.
    for place, label in enumerate(LABELS):
        top = SHOWN[1] * len(shown) + 100 * place
        sample.paste(ImageColor.getrgb(color_of(label, LABELS)), (0, top, SHOWN[0], top + 100))
    palette = sample.quantize(COLORS, dither=Image.Dither.NONE)
    first, *rest = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    path.parent.mkdir(parents=True, exist_ok=True)
    first.save(path, save_all=True, append_images=rest, duration=round(1000 * step_s), loop=0, optimize=True)


if __name__ == "__main__":
    with served() as page, opened(page) as browser:
        start(browser)
        taken, apart = record(browser)
    write_gif(taken, Path(sys.argv[1] if len(sys.argv) > 1 else "docs/_static/live.gif"), apart)
