"""The report page in a real browser: budget, plot, filters, sorting, views, print; no request to anywhere."""

import base64
import html
import re
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe import EACH_SCREEN, axe_script, emulate, violations
from cells_here import undrawn
from fake_results import digits_dataset, fake_results

from ferbench.benchmarks.choose import choose_best
from ferbench.benchmarks.rebuild import write_report

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")


PUBLISHED = Path(__file__).parents[2] / "results" / "fer2013" / "index.html"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with undrawn(page=True):
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


def test_choosing_a_recognizer_shows_its_confusion_matrix(browser: Any) -> None:
    def matrix() -> list[list[int]]:
        script = """return [...document.querySelectorAll('#confusion-table tbody tr')].map(
            (row) => [...row.querySelectorAll('.count')].map((cell) => Number(cell.textContent.replace(',', ''))))"""
        return browser.execute_script(script)

    options = browser.find_elements("css selector", "#confusion-choice option")
    assert len(options) > 1
    seen = []
    for option in (options[-1], options[0]):
        option.click()
        stored = [[int(n) for n in row.split(",")] for row in option.get_attribute("data-counts").split(" ")]
        assert matrix() == stored
        seen.append(stored)
        assert option.text in browser.find_element("css selector", "#confusion-table caption").text
    assert seen[0] != seen[1]


def set_limit(browser: Any, key: str, place: int | None) -> float | None:
    """Move a slider to a place, or to where there is no limit; returns the limit."""
    script = """
        const slider = document.getElementById('limit-' + arguments[0]);
        const stops = slider.dataset.stops.split(' ').map(Number), first = 'anyFirst' in slider.dataset ? 1 : 0;
        slider.value = arguments[1] === null ? (first ? 0 : stops.length) : arguments[1] + first;
        slider.dispatchEvent(new Event('input', {bubbles: true}));
        return arguments[1] === null ? null : stops[arguments[1]];
    """
    return browser.execute_script(script, key, place)


def card(browser: Any, key: str) -> str:
    body = browser.find_element("css selector", f'[data-card="{key}"]')
    shown = body.find_element("css selector", ".card-body").is_displayed()
    return body.find_element("css selector", '[data-slot="label"]').text if shown else ""


def test_the_budget_chooses_what_the_command_line_chooses(browser: Any, page: Path) -> None:
    for ms, mb in ((None, None), (2, None), (5, None), (None, 0), (6, 1), (0, 0)):
        limits = {"max_latency_ms": set_limit(browser, "ms", ms), "max_size_mb": None}
        if browser.find_elements("css selector", "#limit-mb"):
            limits["max_size_mb"] = set_limit(browser, "mb", mb)
        try:
            expected = choose_best(page.parent, **limits).label
        except ValueError:
            expected = ""
        assert card(browser, "within") == expected, limits
        assert card(browser, "best") == choose_best(page.parent).label
        text = browser.find_element("id", "best-command").text
        named = limits["max_latency_ms"]
        assert named is None or f"--max-latency-ms {named:g}" in text
    for key in ("ms", "mb"):
        if browser.find_elements("css selector", f"#limit-{key}"):
            set_limit(browser, key, None)


def test_the_fastest_is_near_the_most_accurate_unless_the_reader_sets_another_limit(browser: Any) -> None:
    script = """const card = document.querySelector('[data-card="least"]');
        const rows = [...document.querySelectorAll('tr[data-offer]')].map((row) => JSON.parse(row.dataset.offer));
        const able = rows.filter((row) => row.candidate && row.ranked.ms && row.ms !== null);
        return [Number(card.dataset.floor), able.map((row) => [row.ms, row.public, row.label]),
            card.querySelector('[data-slot="why"]').textContent]"""
    set_limit(browser, "ms", None)
    floor, rows, why = browser.execute_script(script)
    assert card(browser, "least") == min(row for row in rows if row[1] > floor)[2]
    assert "10 points or less below the most accurate" in why
    assert min(rows)[1] <= floor
    set_limit(browser, "accuracy", 0)
    why = browser.execute_script(script)[2]
    assert card(browser, "least") == min(rows)[2] and "points" not in why
    set_limit(browser, "accuracy", None)


def test_a_tighter_budget_marks_rows_and_points(browser: Any) -> None:
    def picture() -> tuple[int, int, str]:
        return tuple(
            browser.execute_script(
                """return [document.querySelectorAll('#leaderboard-table tr.over').length,
                document.querySelectorAll('#scatter .point.out').length,
                document.querySelector('#scatter svg[role=img]').getAttribute('aria-label')]"""
            )
        )

    set_limit(browser, "ms", None)
    rows, points, label = picture()
    assert rows == points == 0
    set_limit(browser, "ms", 0)
    rows, points, tight = picture()
    assert rows > 0 and points > 0 and tight != label
    counts = [int(text.partition(" within the budget")[0].rpartition(" ")[2]) for text in (label, tight)]
    assert counts[1] == counts[0] - points
    click(browser, "#filter-budget")
    hidden = browser.execute_script("return document.querySelectorAll('#leaderboard-table tbody tr[hidden]').length")
    assert hidden >= rows
    click(browser, "#filter-budget")
    set_limit(browser, "ms", None)


def test_search_and_family_leave_the_rows_that_match(browser: Any) -> None:
    def left() -> list[str]:
        rows = browser.find_elements("css selector", "#leaderboard-table tbody tr:not([hidden]) th")
        return [row.text.split("\n")[0] for row in rows]

    everything = left()
    box = browser.find_element("id", "filter-text")
    box.send_keys("pixels tree")
    assert left() and all("tree" in name for name in left())
    box.clear()
    box.send_keys("no such recognizer")
    assert left() == [] and "0 of" in browser.find_element("id", "filter-count").text
    box.clear()
    box.send_keys(" ")
    assert left() == everything
    browser.find_element("css selector", "#filter-kind option:last-child").click()
    assert 0 < len(left()) < len(everything)
    browser.find_element("css selector", "#filter-kind option:first-child").click()


def test_a_point_is_named_by_the_pointer_or_the_keyboard_and_lights_its_row(browser: Any) -> None:
    first = browser.execute_script("return document.querySelector('.spots button[tabindex=\"0\"]')")
    first.send_keys("")
    browser.execute_script("arguments[0].focus()", first)
    lit = "return document.querySelector('#leaderboard-table tr.lit th')?.dataset.sort"
    assert browser.execute_script(lit) == first.get_attribute("data-recognizer")
    tip = browser.find_element("css selector", ".tip")
    assert tip.is_displayed() and first.get_attribute("data-recognizer") in tip.text
    first.send_keys("\ue014")  # the right arrow
    second = browser.switch_to.active_element
    assert second.get_attribute("data-recognizer") != first.get_attribute("data-recognizer")
    assert browser.execute_script(lit) == second.get_attribute("data-recognizer")
    assert "accuracy" in second.get_attribute("aria-label")


def test_no_name_covers_a_point_or_another_name(browser: Any) -> None:
    for axis in ("ms", "mb", "fit"):
        click(browser, f'[data-axis="{axis}"]')
        covered = browser.execute_script(
            """const boxes = (css) => [...document.querySelectorAll(css)].map((one) => one.getBoundingClientRect());
            const meet = (a, b) => a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top < a.bottom - 3;
            const names = boxes('#scatter .names text'), points = boxes('#scatter .point path');
            return [names.length, names.filter((a) => points.some((b) => meet(a, b))).length,
                names.filter((a, k) => names.some((b, m) => m > k && meet(a, b))).length]"""
        )
        assert covered[0] > 0 and covered[1:] == [0, 0], axis
    click(browser, '[data-axis="ms"]')


def test_plots_in_a_closed_part_are_made_when_it_is_opened(browser: Any) -> None:
    made = "return document.querySelectorAll('#roc details.folded svg').length"
    assert browser.execute_script(made) == 0
    click(browser, "#roc details.folded summary")
    browser.execute_async_script("setTimeout(arguments[0], 100)")
    assert browser.execute_script(made) > 0
    click(browser, "#roc details.folded summary")


def test_nothing_is_requested_and_nothing_goes_wrong(browser: Any) -> None:
    resources = browser.execute_script("return performance.getEntriesByType('resource').map((entry) => entry.name)")
    assert [name for name in resources if not name.startswith("data:")] == []
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def many_rows(page: Path, folder: Path, rows: int) -> Path:
    """A copy of the page whose leaderboard has so many rows that can be chosen."""
    text = page.read_text(encoding="utf-8")
    (row, *_) = re.findall(r"<tr[^>]* data-offer='.*?</tr>", text, re.S)
    label = html.unescape(re.search(r'data-sort="([^"]+)"', row)[1])
    copies = [row.replace(label, f"{label}@{number}") for number in range(rows - text.count(" data-offer='"))]
    long = folder / "index.html"
    long.write_text(text.replace(row, "".join([row, *copies])), encoding="utf-8")
    return long


@pytest.mark.parametrize("published", [False, True])
def test_the_budget_of_a_long_page_moves_before_the_browser_has_worked_for_two_seconds(
    browser: Any, page: Path, tmp_path: Path, published: bool
) -> None:
    own = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        # The clock of the thread: other work on this machine does not count.
        browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
        browser.get((PUBLISHED if published else many_rows(page, tmp_path, 60)).as_uri())
        assert browser.execute_script("return document.querySelectorAll('tr[data-offer]').length") > 45
        set_limit(browser, "ms", 0)
        assert browser.execute_script("return document.querySelectorAll('#leaderboard-table tr.over').length") > 0
        metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        seconds = {metric["name"]: metric["value"] for metric in metrics}["TaskDuration"]
        assert 0 < seconds < 2
    finally:
        browser.close()
        browser.switch_to.window(own)


def test_without_scripts_the_leaderboard_has_all_columns(browser: Any, page: Path) -> None:
    own = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
        browser.get(page.as_uri())
        heads = browser.find_elements("css selector", "#leaderboard-table thead th")
        assert len(heads) > 10 and all(head.is_displayed() for head in heads)
    finally:
        browser.close()
        browser.switch_to.window(own)


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_no_width_needs_sideways_scrolling(browser: Any, width: int) -> None:
    emulate(browser, width)
    wide, inner = browser.execute_script("return [document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= inner
    # Accuracy, latency and size are seen at once, without scrolling the table.
    click(browser, '[data-show-view="glance"]')
    right = browser.execute_script(
        """const box = document.querySelector('#leaderboard .scroll').getBoundingClientRect();
        const row = document.querySelector('#leaderboard-table thead tr');
        return [...row.cells].slice(0, 4).map((cell) => cell.getBoundingClientRect().right <= box.right + 1)"""
    )
    assert right == [True] * 4


def test_plots_fit_into_a_phone_and_axes_have_more_labels_than_the_powers_of_ten(browser: Any) -> None:
    own = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        emulate(browser, 390)
        browser.get(PUBLISHED.as_uri())
        click(browser, "#published details.folded summary")
        browser.execute_async_script("setTimeout(arguments[0], 200)")
        wide = browser.execute_script(
            """return [...document.querySelectorAll('#plots .plot, #published .plot')].map((box) =>
            [box.scrollWidth, box.clientWidth,
             [...box.querySelectorAll('svg')].filter((one) => one.checkVisibility()).length])"""
        )
        assert len(wide) == 2 and all(inner <= outer and shown == 1 for inner, outer, shown in wide)
        ticks = browser.execute_script(
            """return [...document.querySelectorAll('#scatter .tick')].map((one) =>
            [one.textContent, one.getBoundingClientRect().left, one.getBoundingClientRect().right])"""
        )
        assert {"0.2", "1", "2", "10", "20"} <= {text for text, _, _ in ticks}
        ends = sorted((left, right) for _, left, right in ticks)
        assert all(right < left for (_, right), (left, _) in pairwise(ends))
    finally:
        browser.close()
        browser.switch_to.window(own)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_in_heat_cells_has_enough_contrast(browser: Any, theme: str) -> None:
    emulate(browser, 1440, theme)
    # The color is a mixture, so a canvas is asked for its bytes.
    ratios = browser.execute_script(
        """const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
        const bytes = (color) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = color; pen.fillRect(0, 0, 1, 1);
            return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3); };
        const light = (color) => { const [r, g, b] = bytes(color).map((v) => v / 255).map(
            (v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
        return [...document.querySelectorAll('.heat td.h')].map((cell) => {
            const style = getComputedStyle(cell), a = light(style.backgroundColor), b = light(style.color);
            return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); })"""
    )
    assert len(ratios) > 50 and min(ratios) >= 4.5


@EACH_SCREEN
def test_axe_finds_nothing(browser: Any, page: Path, width: int, theme: str) -> None:
    script = axe_script()
    emulate(browser, width, theme)
    assert violations(browser, script) == []


@pytest.mark.parametrize("published", [False, True])
@pytest.mark.parametrize("paper", [(8.27, 11.69), (8.5, 11)])
def test_it_prints_on_few_pages(browser: Any, page: Path, published: bool, paper: tuple[float, float]) -> None:
    own = browser.current_window_handle
    browser.switch_to.new_window("tab")
    try:
        browser.get((PUBLISHED if published else page).as_uri())
        width, height = paper
        data = browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": width, "paperHeight": height})["data"]
        assert 0 < len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(data))) < 10
        # Buttons vanish from the heads that a browser repeats on later pages, plain text does not.
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
        heads = "return [...document.querySelectorAll('thead button')].map((one) => getComputedStyle(one).display)"
        assert set(browser.execute_script(heads)) == {"contents"}
        rows = "return [...document.querySelectorAll('#f1 tbody tr')].map((row) => row.checkVisibility())"
        shown = browser.execute_script(rows)
        notes = browser.execute_script("return document.querySelector('#f1 .on-paper')?.innerText ?? ''")
        assert all(shown) or (f"The first {sum(shown)} of {len(shown)} rows" in notes and "per_class.csv" in notes)
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
        browser.close()
        browser.switch_to.window(own)
