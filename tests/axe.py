"""axe-core on a page in a real browser, at the widths and in the themes that people use."""

import os
from pathlib import Path
from typing import Any

import pytest

EACH_SCREEN = pytest.mark.parametrize(
    ("width", "theme"), [(390, "dark"), (768, "light"), (1440, "dark"), (1440, "light")]
)
_RUN = "axe.run(document, {resultTypes: ['violations']}).then((found) => arguments[0](found.violations))"


def axe_script() -> str:
    """The script, which a user has installed; without one the test is skipped."""
    script = Path(os.environ.get("AXE_CORE", "node_modules/axe-core/axe.min.js"))
    if not script.is_file():
        pytest.skip("axe-core is not at hand: npm install axe-core, or name its axe.min.js in AXE_CORE")
    return script.read_text(encoding="utf-8")


def emulate(browser: Any, width: int, theme: str = "light", *, mobile: bool = False) -> None:
    """Show pages as on a screen of this width, in this theme."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": mobile}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    features = [{"name": "prefers-color-scheme", "value": theme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def violations(browser: Any, script: str) -> list[tuple[str, list[Any]]]:
    """Name and places of each rule that the page breaks."""
    browser.execute_script(script)
    browser.set_script_timeout(120)
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in browser.execute_async_script(_RUN)]
