"""The report page in a real browser: sorting, column views, the choice of a matrix, no request to anywhere."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_results import digits_dataset, fake_results

from ferbench.benchmarks.rebuild import write_report

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(fake_results(tmp_path_factory.mktemp("page"), digits_dataset()))


@pytest.fixture(scope="module")
def browser(page: Path) -> Iterator[Any]:
    if not (shutil.which("chromium") and shutil.which("chromedriver")):
        pytest.skip("chromium and chromedriver are not installed (Debian: apt-get install chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    flags = "headless no-sandbox disable-gpu disable-quic no-first-run disable-background-networking disable-sync"
    for flag in [*flags.split(), "disable-component-update", "window-size=1280,1000"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    driver.get(page.as_uri())
    yield driver
    driver.quit()


def column(browser: Any, name: str) -> list[str]:
    script = """
        const heads = [...document.querySelectorAll('#leaderboard-table thead th')];
        const place = heads.findIndex((head) => head.querySelector('button').dataset.name === arguments[0]);
        return [...document.querySelectorAll('#leaderboard-table tbody tr')].map((row) => row.cells[place].innerText);
    """
    return [text.split("\n")[0] for text in browser.execute_script(script, name)]


def click(browser: Any, selector: str) -> None:
    browser.execute_script("document.querySelector(arguments[0]).click()", selector)


def test_a_click_on_a_heading_sorts_and_says_so(browser: Any) -> None:
    before = [float(value) for value in column(browser, "Accuracy") if value]
    assert before == sorted(before, reverse=True)
    click(browser, '#leaderboard-table button[data-name="Accuracy"]')
    after = [float(value) for value in column(browser, "Accuracy") if value]
    assert after == sorted(after) and after != before
    head = browser.find_element("css selector", '#leaderboard-table th[aria-sort="ascending"]')
    assert "Accuracy" in head.text
    click(browser, '#leaderboard-table button[data-name="recipe"]')
    names = column(browser, "recipe")
    assert names == sorted(names)


def test_column_views_show_and_hide(browser: Any) -> None:
    def shown() -> int:
        heads = browser.find_elements("css selector", "#leaderboard-table thead th")
        return sum(head.is_displayed() for head in heads)

    click(browser, '[data-show-view="scores"]')
    few = shown()
    click(browser, '[data-show-view="all"]')
    assert shown() > few
    assert browser.find_element("css selector", '[data-show-view="all"]').get_attribute("aria-pressed") == "true"


def test_choosing_a_recognizer_shows_its_confusion_matrix_alone(browser: Any) -> None:
    choices = browser.find_elements("css selector", "#confusion-choice option")
    assert len(choices) > 1
    for option in (choices[-1], choices[0]):
        option.click()
        panels = browser.find_elements("css selector", "[data-confusion]")
        visible = [panel.get_attribute("data-confusion") for panel in panels if panel.is_displayed()]
        assert visible == [option.get_attribute("value")]


def test_nothing_is_requested_and_nothing_goes_wrong(browser: Any) -> None:
    resources = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [name for name in resources if not name.startswith("data:")] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_a_phone_needs_no_sideways_scrolling(browser: Any) -> None:
    browser.set_window_size(500, 900)
    width, inner = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= inner
