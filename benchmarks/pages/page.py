"""Fill the templates of a report page with the values that all tasks share."""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from ferbench.benchmarks.pages.columns import Column
from ferbench.benchmarks.pages.drawings import Drawings
from ferbench.benchmarks.pages.leaderboard import row_labels, stale_notes
from ferbench.benchmarks.pages.missing import NOT_MEASURED
from ferbench.benchmarks.pages.results import BaseResults
from ferbench.benchmarks.scores import NO_DIFFERENCE
from ferbench.benchmarks.store import Ledger, count_families
from ferbench.benchmarks.tables import is_missing

if TYPE_CHECKING:
    import pandas as pd
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"


def page_values(results: BaseResults, headline: str, splits: tuple[str, str], test: str) -> dict[str, Any]:
    """Return the values about the data and the test split for a page.

    `splits` are the validation split and the test split. Scores are on the test split, or on the validation split if
    the test split is closed.
    """
    dataset = results.dataset
    return {
        "name": str(dataset.get("name")),
        "headline": headline,
        "dataset": dataset,
        "drawn": results.is_drawn,
        "notes": list(dataset.get("notes") or ()),
        **dict(zip(("validation", "test"), splits, strict=True)),
        "closed": "" if test in splits else test,
        **_ledger(results.root),
        "measured_on": measured_on([cell.record for cell in results.measured]),
        "environments": environments([(cell.label, cell.record) for cell in results.measured]),
    }


def _ledger(root: Path) -> dict[str, Any]:
    """Return the openings of the test split, newest first, and their number per family."""
    openings = Ledger(root).openings()
    names = ("family", "openings", "recipes", "first", "last")
    return {
        "openings": sorted(openings, key=lambda opening: opening.when, reverse=True),
        "families": [dict(zip(names, row, strict=True)) for row in count_families(openings)],
    }


def page_drawings(drawings: Drawings, left_out: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the plots as ``<svg>`` elements by name, without names that start with `left_out`, and the curve names."""
    names = [name for name in drawings if not name.startswith(left_out)]
    # Safe to mark as HTML, because matplotlib escapes all text in its SVG.
    svg = {name: Markup(drawings.svg(name)) for name in names}
    phone = {name: Markup(drawings.phone_svg(name)) for name in names}
    return {"svg": svg, "phone": phone, "curves": [name for name in names if name.startswith("training_")]}


def render_page(folder: Path, template: str, **values: Any) -> str:
    """Fill a template of a page that runs one script and loads nothing.

    Parameters
    ----------
    folder : Path
        Folder of the template; it can use the templates that all tasks share.
    template : str
        File name of the template.
    **values
        Values for the template; an undefined value is an error.
    """
    script, style = (_joined(kind) for kind in ("js", "css"))
    # The security policy of the page allows only this script, even if a record contains HTML.
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = _environment(folder).get_template(template)
    return page.render(script=Markup(script), style=Markup(style), script_hash=digest, **values)


def _joined(kind: str) -> str:
    """Return all scripts or style sheets as one text; ``report`` comes first, because the others build on it."""
    files = sorted(_TEMPLATES.glob(f"*.{kind}"), key=lambda path: (path.stem != "report", path.stem))
    return "\n".join(file.read_text(encoding="utf-8").strip() for file in files)


def _environment(folder: Path) -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([folder, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = _breakable
    return environment


def _breakable(label: str) -> Markup:
    """Return a recipe name as HTML that can break into a new line after a plus sign."""
    return Markup("+<wbr>").join(escape(part) for part in str(label).split("+"))


def measured_on(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the date of the measurements, so that the same records give the same page."""
    finished = [str(record["finished"]) for record in records if record.get("finished")]
    return datetime.fromisoformat(max(finished)).strftime("%Y-%m-%d") if finished else ""


def leaderboard_rows(frame: "pd.DataFrame", shown: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the rows of a leaderboard with the given columns."""
    best = {column.key: _best_value(frame, column) for column in shown}
    rows = []
    for label, row in zip(row_labels(frame), frame.to_dict("records"), strict=True):
        cells = []
        for column in shown:
            cell = column.cell(row)
            cell["top"] = best[column.key] is not None and row[column.key] == best[column.key] and column.ranks(row)
            cell["unranked"] = bool(cell["text"]) and not column.ranks(row)
            cell["bar"] = None
            cells.append(cell)
        if cells:
            cells[0]["bar"] = _interval_bar(frame, shown[0].key, row)
        rows.append(
            {
                "label": label,
                "cell_id": row["cell_id"],
                "offer": None,
                "chosen": row["chosen"],
                "equal": row["against_winner" if "against_winner" in row else "against_first"] == NO_DIFFERENCE,
                "failed": row["status"] not in ("ok", "derived", NOT_MEASURED),
                "notes": [row[key] for key in ("flag", "reason") if isinstance(row.get(key), str) and row[key]]
                + stale_notes(row),
                "cells": cells,
            }
        )
    return rows


def _interval_bar(frame: "pd.DataFrame", key: str, row: Mapping[Any, Any]) -> tuple[float, float, float] | None:
    """Return low, value and high in percent of the range of a column; None without an interval."""
    names = (f"{key}_low", key, f"{key}_high")
    if any(name not in frame or is_missing(row[name]) for name in names):
        return None
    least, most = float(frame[names[0]].min()), float(frame[names[2]].max())
    low, value, high = (round(100 * (float(row[name]) - least) / max(most - least, 1e-9), 1) for name in names)
    return low, value, high


def _best_value(frame: "pd.DataFrame", column: Column) -> float | None:
    """Return the best value of a column without constant predictors, which are fast only because they ignore images."""
    if not column.better:
        return None
    contestants = frame["status"] == "ok"
    if "family" in frame:
        contestants &= frame["family"] != "constant"
    if column.ranked:
        contestants &= frame[column.ranked].map(lambda value: value is True).astype(bool)
    values = frame.loc[contestants, column.key].dropna()
    return None if values.empty else float(values.max() if column.better == "high" else values.min())


def environments(records: Iterable[tuple[str, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return the machines with their cells, because times of different machines are not comparable."""
    groups: dict[str, dict[str, Any]] = {}
    for label, record in records:
        content = record.get("environment")
        if content:
            key = json.dumps(content, sort_keys=True)
            groups.setdefault(key, {"content": content, "cells": []})["cells"].append(label)
    return list(groups.values())
