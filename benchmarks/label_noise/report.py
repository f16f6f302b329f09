"""Write what was found about labels: a page, tables, a list of ids, and a contact sheet for the reader alone."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.label_noise.findings import NoiseFindings
from ferbench.benchmarks.store import environment
from ferbench.benchmarks.tables import (
    label_sheet,
    markdown_page,
    markdown_table,
    number_text,
    write_csv,
    write_csv_files,
    write_png,
    write_text,
)

SCHEMA = 1
#: The list of ids, and the contact sheet, which is for the reader alone.
IDS, SHEET = "suspicious.csv", "suspicious.png"
_SHOWN, _COLUMNS, _SIDE = 60, 10, 96
_HOW = """\
Each image was predicted by fits without it and its copies; where people are known, without the images of its person
instead ({folds} folds, Training and PublicTest; PrivateTest stays closed). Confident learning (Northcutt et al., 2021)
estimates from these probabilities how many labels are wrong, and which. A recognizer that is weak on a class suspects
right labels too: the list says where to look, and is no proof.
"""
_CEILING = """\
*Estimated wrong*: the share of labels that confident learning finds wrong. *Ceiling*: the accuracy that a recognizer
without errors would reach on labels of this kind; it is an estimate, no bound. *Without what others suspect* sets
aside the images that all other recipes suspect. *Without its own* flatters: what it sets aside are its own errors.
"""


def write_noise_report(findings: NoiseFindings, folder: Path, *, faces: bool = True, ids: bool = True) -> str:
    """Write ``noise.md``, ``noise.json`` and tables; with `faces` also a contact sheet.

    Parameters
    ----------
    findings : NoiseFindings
    folder : Path
    faces : bool, default=True
        Whether to write the contact sheet, which is for the reader alone.
    ids : bool, default=True
        Whether to list the ids of suspicious images, with their labels and the suggested ones.

    Returns
    -------
    str
        A summary for a terminal.
    """
    folder.mkdir(parents=True, exist_ok=True)
    scores, agreement, labels = findings.scores(), findings.agreement(), findings.by_label()
    for name, table in (("scores", scores), ("agreement", agreement), ("by_label", labels)):
        write_csv(table, folder / f"{name}.csv")
    write_csv_files({"flips": findings.flips()}, folder)
    write_text(folder / "noise.json", json.dumps(_record(findings), indent=1, sort_keys=True) + "\n")
    table = findings.suspicious()
    write_csv_files({Path(IDS).stem: table.drop(columns="row") if ids else None}, folder)
    (folder / SHEET).unlink(missing_ok=True)
    if faces and len(table):
        _write_sheet(folder / SHEET, findings, table["row"].to_numpy(), table)
    write_text(folder / "noise.md", _page(findings, ids=ids))
    text = scores.to_string(index=False, na_rep="", float_format=lambda value: f"{value:.3f}")
    return f"{text}\n{int(findings.agreed.sum()):,} of {len(findings.rows):,} images are suspicious to every recipe"


def _record(findings: NoiseFindings) -> dict[str, Any]:
    dataset = findings.dataset
    blank = lambda value: None if isinstance(value, float) and np.isnan(value) else value  # noqa: E731
    rows = [{key: blank(value) for key, value in row.items()} for row in findings.scores().to_dict("records")]
    return {
        "schema": SCHEMA,
        "dataset": {"name": dataset.name, "fingerprint": dataset.fingerprint, "drawn": dataset.drawn},
        **{"recipes": list(findings.issues), "n_folds": findings.n_folds, "seed": findings.seed},
        **{"n_images": len(findings.rows), "n_agreed": int(findings.agreed.sum()), "scores": rows},
        "n_flipped": 0 if findings.flipped is None else len(findings.flipped),
        "noise_rate": findings.noise_rate,
        "joint": {name: each.joint.tolist() for name, each in findings.issues.items()},
        "labels": list(dataset.label_names),
        "environment": environment(),
    }


def _page(findings: NoiseFindings, *, ids: bool) -> str:
    dataset = findings.dataset
    drawn = " (drawn, not real faces)" if dataset.drawn else ""
    start = f"{len(findings.rows):,} images of {dataset.name}{drawn}, fingerprint `{dataset.fingerprint[:12]}`."
    agreed = f"{int(findings.agreed.sum()):,} images are suspicious to every recipe."
    sections = [
        ("Scores, and the ceiling", f"{_CEILING.strip()}\n\n{_scores_text(findings)}\n\n{agreed}", ()),
        ("Labels that were flipped on purpose", _flips_text(findings), ()),
        ("Agreement of the recognizers", _agreement_text(findings), ()),
        ("By label", _labels_text(findings), ()),
        ("What raters said", _votes_text(findings), ()),
    ]
    how = _HOW.strip().format(folds=findings.n_folds)
    end = "Written by `ferbench data noise`."
    if ids:
        end += f" The ids of the images, most suspicious first: `{IDS}`. It holds no picture."
    return markdown_page(["# Labels that are probably wrong", start, how], sections, (), end)


def _scores_text(findings: NoiseFindings) -> str:
    columns = ("accuracy", "without_others", "without_own", "noise_rate", "ceiling")
    rows = [
        [row["recipe"], *(number_text(row[name], 3) for name in columns)]
        for row in findings.scores().to_dict("records")
    ]
    header = ("recipe", "accuracy", "without what others suspect", "without its own", "estimated wrong", "ceiling")
    return markdown_table(header, rows)


def _flips_text(findings: NoiseFindings) -> str:
    table = findings.flips()
    if table is None:
        return ""
    rows = [
        [row["recipe"], *(f"{row[name]:,}" for name in ("n_flips", "n_suspicious")), *_shares(row)]
        for row in table.to_dict("records")
    ]
    share = table["n_flips"].iloc[0] / len(findings.rows)
    start = (
        f"Labels of {100 * share:.1f} % of the images were flipped before all this. Among images that are suspicious "
    )
    start += "by chance the same share would be flips. What else is suspicious are errors of the recognizers."
    return f"{start}\n\n" + markdown_table(("recipe", "flipped", "suspicious", "flips found", "flips of these"), rows)


def _shares(row: dict[Any, Any]) -> list[str]:
    return [number_text(row[name], 3) for name in ("recall", "precision")]


def _agreement_text(findings: NoiseFindings) -> str:
    rows = [
        [row["a"], row["b"], *(number_text(row[name], 3) for name in ("same_answer", "kappa", "suspicious_in_both"))]
        for row in findings.agreement().to_dict("records")
    ]
    header = ("recipe", "recipe", "same answer", "Cohen's kappa", "suspicious to both, of either")
    return markdown_table(header, rows, n_text=2) if rows else ""


def _labels_text(findings: NoiseFindings) -> str:
    rows = [
        [row["label"], f"{row['n_images']:,}", f"{100 * row['suspicious']:.1f} %", row["most_suggested"]]
        for row in findings.by_label().to_dict("records")
    ]
    return markdown_table(("label", "images", "suspicious to every recipe", "mostly suggested"), rows)


def _votes_text(findings: NoiseFindings) -> str:
    shares = findings.votes()
    if shares is None:
        return ""
    return (
        f"The label has {100 * shares[0]:.0f} % of the votes on suspicious images, and {100 * shares[1]:.0f} % on the "
        "rest."
    )


def _write_sheet(path: Path, findings: NoiseFindings, rows: NDArray[np.intp], table: Any) -> None:
    """Write the most suspicious faces, each with its label and the suggested one."""
    rows = rows[:_SHOWN]
    height, width = _SIDE + 30, _SIDE + 6
    sheet = np.full((-(-len(rows) // _COLUMNS) * height, _COLUMNS * width), 255, np.uint8)
    for place, row in enumerate(rows):
        top, left = (place // _COLUMNS) * height, (place % _COLUMNS) * width
        face = cv2.resize(findings.dataset.images[row], (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
        sheet[top : top + _SIDE, left : left + _SIDE] = face
        for line, name in enumerate(("label", "suggested")):
            text = f"{table[name][place]}{'?' if line else ''}"
            label_sheet(sheet, text, left, top + _SIDE + 12 + 13 * line, 0.4)
    write_png(sheet, path)
