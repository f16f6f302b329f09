"""axe-core on the built site in a real browser: a small site of the same settings, or the whole one.

``FERBENCH_SITE=docs/_build pytest tests/test_site_browser.py`` looks at every kind of page of a site that was built.
"""

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe import axe_script, emulate, violations

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / "docs" / "tools"
# What a page of the gallery's index has, as sphinx-gallery writes it: the text of the link is hidden.
_THUMBNAIL = """<style>.sphx-glr-thumbcontainer a span {display: none}</style>
<div class="sphx-glr-thumbcontainer"><p><a class="reference internal" href="index.html"><span class="doc">Seven
expressions</span></a></p>
  <div class="sphx-glr-thumbnail-title">Seven expressions</div></div>
"""
_PAGES = {
    "conf.py": f"""
import sys
sys.path.insert(0, {str(TOOLS)!r})
import accessible
project, html_theme, extensions = "small", "furo", ["myst_parser"]
html_copy_source = False
def setup(app):
    app.connect("build-finished", accessible.after_build)
""",
    "index.md": f"# Start\n\n## First\n\n```sh\nferbench {'word ' * 80}\n```\n\n## Second\n\n| {'column | ' * 40}\n"
    f"|{'---|' * 40}\n| {'a_long_value | ' * 40}\n\n{_THUMBNAIL}\n```{{toctree}}\n:caption: Guides\n\nother\n```\n",
    "other.md": "# Other\n\nText.\n",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that is named, or a small site."""
    if "FERBENCH_SITE" in os.environ:
        return Path(os.environ["FERBENCH_SITE"]).absolute()
    for module in ("sphinx", "furo", "myst_parser"):
        pytest.importorskip(module, reason=f"{module} is not installed: pip install '.[docs]'")
    source = tmp_path_factory.mktemp("site")
    for name, text in _PAGES.items():
        (source / name).write_text(text)
    build = [sys.executable, "-m", "sphinx", "-q", "-W", str(source), str(source / "built")]
    subprocess.run(build, check=True)
    return source / "built"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromedriver are not installed (Debian: apt-get install chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for flag in ("headless", "no-sandbox", "disable-gpu", "no-first-run", "disable-background-networking"):
        options.add_argument(f"--{flag}")
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
    yield driver
    driver.quit()


def pages(site: Path) -> list[Path]:
    """Every page, but of the reference one for each folder and of its objects the first three."""
    found = sorted(site.rglob("*.html"))
    reference = [page for page in found if page.parent.name == "reference" and page.stem.startswith("ferbench.")]
    return [page for page in found if page not in reference[3:]]


@pytest.mark.parametrize(("width", "theme"), [(390, "light"), (1440, "dark")])
def test_axe_finds_nothing_on_the_site(browser: Any, site: Path, width: int, theme: str) -> None:
    script = axe_script()
    emulate(browser, width, theme)
    found = {}
    for page in pages(site):
        browser.get(page.as_uri())
        if broken := violations(browser, script):
            found[str(page.relative_to(site))] = broken
    assert len(pages(site)) >= 4 and found == {}


@pytest.fixture
def accessible(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(TOOLS))
    return importlib.import_module("accessible")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ('<p class="caption" role="heading">', '<p class="caption" role="heading" aria-level="2">'),
        ('<aside class="toc-drawer no-toc">', '<aside class="toc-drawer no-toc" aria-label="This page">'),
        ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Pages">'),
        ("<pre>text</pre>", '<pre tabindex="0">text</pre>'),
        ('<div class="table-wrapper docutils">', '<div class="table-wrapper docutils" tabindex="0">'),
    ],
)
def test_pages_are_mended_once(accessible: Any, theirs: str, ours: str, tmp_path: Path) -> None:
    page = tmp_path / "inner" / "page.html"
    page.parent.mkdir()
    page.write_text(theirs)
    for _ in range(2):
        accessible.mend_site(tmp_path)
        assert page.read_text() == ours


def test_a_link_of_the_gallery_is_named_by_its_title(accessible: Any) -> None:
    mended = accessible.mend(_THUMBNAIL)
    assert 'href="index.html" aria-label="Seven\nexpressions">' in mended and accessible.mend(mended) == mended
