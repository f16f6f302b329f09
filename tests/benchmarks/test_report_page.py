"""The page: one file, safe whatever a record says, and usable from a keyboard."""

import base64
import hashlib
import html
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from cells_here import undrawn
from fake_results import add_cell, add_failure, digits_dataset, fake_results
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from ferbench.benchmarks.identity import recorded_checksum
from ferbench.benchmarks.pages import measure_command
from ferbench.benchmarks.rebuild import write_report
from ferbench.benchmarks.report.choice import page_choice
from ferbench.benchmarks.report.offers import make_offers
from ferbench.benchmarks.report.results import read_results
from ferbench.benchmarks.report.scores import score_results
from ferbench.benchmarks.store.store import Store
from ferbench.models import pretrained

PUBLISHED = Path(__file__).parents[2] / "results" / "fer2013" / "index.html"
EVIL = '<script>alert("x")</script><img src=x onerror=alert(1)> $\\frac{1}{0}$'


class Page(HTMLParser):
    """Every element with its attributes, the text of the scripts, and what is left open."""

    VOID = frozenset({"meta", "img", "br", "link", "wbr", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)

    def having(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def evil_text(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page whose recipes, reasons, notes, ids and libraries all try to be markup."""
    plain = digits_dataset(name="evil")
    dataset = type(plain)(**{**vars(plain), "notes": (EVIL,), "ids": plain.ids.astype("<U99") + EVIL[:60]})
    folder = fake_results(tmp_path_factory.mktemp("evil"), dataset)
    store = Store(folder)
    recipe = {"name": EVIL, "family": EVIL, "params": {}, "implementation": EVIL, "probabilities": EVIL}
    add_cell(store, dataset, recipe, 0, LogisticRegression(max_iter=2000, C=10.0))
    network = MLPClassifier((64,), max_iter=60, random_state=0, early_stopping=True)
    add_cell(store, dataset, {**recipe, "name": EVIL + " net"}, 0, network)
    add_failure(store, dataset, EVIL + " failed", "error", EVIL)
    with undrawn(page=True):
        return write_report(folder, dataset=dataset).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(evil_text: str) -> Page:
    return Page(evil_text)


def test_text_of_records_stays_text(page: Page, evil_text: str) -> None:
    assert len(page.having("script")) == 1
    assert all("alert(" not in script for script in page.scripts)
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "<script>alert" not in evil_text and "<img src=x" not in evil_text
    assert evil_text.count("&lt;script&gt;alert(") > 5


def test_the_page_is_well_formed(page: Page) -> None:
    assert page.open == []
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_the_page_needs_no_network_and_runs_only_its_own_script(page: Page, evil_text: str) -> None:
    for _, attributes in page.elements:
        for name in ("src", "href", "xlink:href", "action"):
            if value := attributes.get(name):
                # The tables lie beside the page; nothing else is linked, and nothing is loaded from there.
                beside = name == "href" and re.fullmatch(r"[a-z_]+\.csv", value)
                assert value.startswith(("#", "data:")) or beside, value
    assert not re.search(r"url\((?![\"']?(#|data:))", evil_text)
    assert "@import" not in evil_text
    policy = next(meta["content"] for meta in page.having("meta") if meta.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256("".join(page.scripts).encode()).digest()).decode()
    assert policy is not None and "default-src 'none'" in policy
    assert f"script-src 'sha256-{digest}'" in policy


def test_the_leaderboard_is_sorted_by_buttons_that_say_so(page: Page) -> None:
    heads = [attributes for attributes in page.having("th") if "data-kind" in attributes]
    buttons = [attributes for attributes in page.having("button") if "data-name" in attributes]
    assert len(heads) == len(buttons) > 15
    assert [head["aria-sort"] for head in heads if "aria-sort" in head] == ["descending"]
    assert all(attributes.get("scope") in ("col", "row") for attributes in page.having("th"))
    assert any(attributes.get("role") == "status" for attributes in page.having("p"))


def test_every_section_is_there_and_linked(page: Page) -> None:
    sections = {attributes.get("id") for attributes in page.having("section")}
    expected = {
        *("choice", "leaderboard", "cost", "f1", "confusion", "pairs", "roc", "calibration", "plots", "training"),
        *("wrong", "comparison", "reading", "environment"),
    }
    assert sections == expected
    links = {str(attributes["href"])[1:] for attributes in page.having("a")}
    assert expected <= links


def test_plots_say_what_they_show_and_scroll_with_the_keyboard(page: Page) -> None:
    drawings = [attributes for attributes in page.having("svg") if "viewBox" in attributes or "viewbox" in attributes]
    assert len(drawings) > 6
    assert all(drawing["role"] == "img" and len(str(drawing["aria-label"])) > 10 for drawing in drawings)
    regions = [attributes for attributes in page.having("div") if attributes.get("class") == "plot"]
    assert regions and all(region["tabindex"] == "0" and region["aria-label"] for region in regions)


def test_the_status_is_shown_where_it_is_not_ok(page: Page, evil_text: str) -> None:
    assert 'data-name="Status"' in evil_text
    cells = re.findall(r'<td class=""[^>]*data-sort="(ok|error|timeout)?"', evil_text)
    assert "ok" not in cells and {"error", "timeout"} <= set(cells)


def test_cards_name_the_winner_of_the_rule_and_a_command(evil_text: str) -> None:
    card = evil_text[evil_text.index('data-card="best"') :]
    card = card[: card.index("</article>")]
    best = re.search(r"<code data-slot=\"command\">(.*?)</code>", card, flags=re.DOTALL)
    assert best and best.group(1).startswith("ferbench image me.jpg --model ")
    assert re.search(r"\d\.\d{3}–\d\.\d{3}", card) and " ms</dd>" in card and " MB</dd>" in card


def test_dark_mode_and_narrow_screens_are_cared_for(evil_text: str) -> None:
    assert "prefers-color-scheme: dark" in evil_text
    assert "width=device-width" in evil_text
    assert "max-width: 40rem" in evil_text
    drawings = re.findall(r"<svg.*?</svg>", evil_text, flags=re.DOTALL)
    assert len(drawings) > 6
    assert all("currentColor" in drawing and "#222222" not in drawing for drawing in drawings)


def test_a_recognizer_name_with_dollars_is_drawn_as_it_is(evil_text: str) -> None:
    drawings = "".join(re.findall(r"<svg.*?</svg>", evil_text, flags=re.DOTALL))
    assert "$\\frac{1}{0}$" in drawings


def test_latencies_of_several_runs_give_no_fastest_and_no_front(tmp_path: Path) -> None:
    root = fake_results(tmp_path, digits_dataset())
    results = read_results(root)
    choice = page_choice(results, make_offers(results, score_results(results)))
    assert choice is not None and choice["least_of"] == "ms" and choice["least"] is not None
    for path in (root / "records").glob("*.json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({name: value for name, value in record.items() if name != "run"}))
    results = read_results(root)
    offers = make_offers(results, score_results(results))
    assert not any(offer.ranked["ms"] for offer in offers.values())
    choice = page_choice(results, offers)
    assert choice is not None and choice["least_of"] == "mb"
    limit = choice["limit"] or float("inf")
    within = [offer for offer in offers.values() if offer.candidate and offer.ms is not None and offer.ms <= limit]
    within = [offer for offer in within if offer.public > choice["floor"]]
    assert choice["least"].mb == min(offer.mb for offer in within if offer.mb is not None)


def test_the_row_that_ships_is_marked_and_not_the_one_that_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fake_results(tmp_path, digits_dataset())
    for was, now in (("mlp", "weight-mean@net-l"), ("pixels+nb", "ferbench-net-l")):
        (path,) = (folder / "records").glob(f"{was}-*.json")
        record = json.loads(path.read_text())
        files = {f"{record['bundle']}/model.onnx": {"sha256": now, "bytes": 1}}
        path.write_text(json.dumps(record | {"recipe": record["recipe"] | {"name": now}, "files": files}))
    results = read_results(folder)
    (checksum,) = (recorded_checksum(cell.record) for cell in results.measured if cell.recipe == "weight-mean@net-l")
    monkeypatch.setattr("ferbench.benchmarks.identity.members.shipped_names", lambda: {str(checksum): "ferbench-net-l"})
    with undrawn(page=True):
        page = write_report(folder).read_text()
    heads = dict(re.findall(r'<th scope="row" class="stick" data-sort="([^"]*)">(.*?)</th>', page, re.DOTALL))
    assert [label for label, head in heads.items() if ">ships as ferbench-net-l<" in head] == ["weight-mean@net-l"]
    other = "the bundle that ships under this name has other weights"
    assert [label for label, head in heads.items() if other in head] == ["ferbench-net-l"]
    lines = [line for line in (folder / "leaderboard.md").read_text().splitlines() if " | ok" in line]
    rows = {line.split(" | ")[0]: line for line in lines}
    assert "| weight-mean@net-l (ships as ferbench-net-l)" in rows and other not in rows["| constant"]
    assert f"ok; {other}" in rows["| ferbench-net-l"]
    # The command of that row names its folder, since the name alone means the bundle that ships.
    commands = {offer.label: offer.command for offer in make_offers(results, score_results(results)).values()}
    assert "--model ferbench-net-l" in commands["weight-mean@net-l"]
    assert "/bundles/pixels+nb-" in commands["ferbench-net-l"]
    assert set(pd.read_csv(folder / "leaderboard.csv")["recipe"]) >= {"weight-mean@net-l", "ferbench-net-l"}


def test_a_bundle_that_is_not_there_is_made_by_the_command_on_the_card(tmp_path: Path) -> None:
    results = read_results(fake_results(tmp_path, digits_dataset()))
    here = make_offers(results, score_results(results))
    named = {cell.label: cell.record["cell_id"] for cell in results.measured}
    assert here[named["mlp"]].command.startswith("ferbench image me.jpg --model mlp")
    shutil.rmtree(results.root / "bundles")
    gone = make_offers(results, score_results(results))
    assert gone[named["mlp"]].command == measure_command(results.suite, "mlp")


@pytest.mark.parametrize(
    ("suite", "option"),
    [
        ({"source": "faces"}, ""),
        ({"source": None, "dataset_block": {"name": "fer2013"}}, " --source fer2013.zip"),
        ({"dataset_block": {"name": "fer2013-five"}}, " --source fer2013.zip"),
        ({"dataset_block": {"name": "mine"}}, " --source PATH"),
    ],
)
def test_the_command_that_measures_a_row_names_its_data(suite: dict[str, Any], option: str) -> None:
    assert measure_command({"name": "mine", **suite}, "hog+svm") == f"ferbench run mine{option} --only 'hog+svm'"


def test_the_published_page_offers_no_bundle_that_is_not_published() -> None:
    text = html.unescape(PUBLISHED.read_text(encoding="utf-8"))
    commands = set(re.findall(r'"command": "(.*?)"', text))
    assert len(commands) > 20
    assert not [command for command in commands if "/bundles/" in command or "--results" in command]


def test_the_fastest_is_near_the_most_accurate_and_better_than_constant(tmp_path: Path) -> None:
    results = read_results(fake_results(tmp_path, digits_dataset()))
    offers = make_offers(results, score_results(results))
    best = max(offer.public for offer in offers.values() if offer.candidate)
    # Of two that are faster than all others, the one far below the most accurate is passed over.
    ids = [name for name, offer in offers.items() if offer.candidate and offer.public < best][:2]
    for name, ms, public in zip(ids, (1e-4, 1e-3), (best - 0.11, best - 0.09), strict=True):
        ranked = {**offers[name].ranked, "ms": True}
        offers[name] = replace(offers[name], ms=ms, public=public, ranked=ranked)
    choice = page_choice(results, offers)
    assert choice is not None and choice["least_of"] == "ms" and choice["least"].label == offers[ids[1]].label
    chance = next(name for name, offer in offers.items() if offer.constant)
    offers[chance] = replace(offers[chance], public=best - 0.08)
    choice = page_choice(results, offers)
    assert choice is not None and choice["floor"] == best - 0.08
    assert choice["least"] is None or choice["least"].label not in {offers[name].label for name in ids}


def test_the_foot_of_the_page_states_the_terms_of_the_data_behind_weights_that_ship(evil_text: str) -> None:
    card = (pretrained()["ferbench-quality"] / "MODEL_CARD.md").read_text(encoding="utf-8")
    sentence = re.search(r"Data license: (.*?), and none of them", card)
    assert sentence and "no license" in sentence.group(1)
    foot = html.unescape(PUBLISHED.read_text(encoding="utf-8").rpartition("<footer>")[2])
    assert sentence.group(1) in foot and "ferbench-net-xs" in foot and "ferbench-quality" in foot
    # No row of these results ships.
    assert "Training data of" not in evil_text
