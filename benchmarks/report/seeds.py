"""Mean and spread over the seeds of each recipe, beside the interval over test images."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from ferbench.benchmarks.report.results import TEST, VALIDATION
from ferbench.benchmarks.scores import Spread, spreads
from ferbench.benchmarks.tables import is_missing, markdown_table, printable

SEED_COLUMNS = ("seeds", "seed_mean", "seed_sd", "seed_min", "seed_max", "seed_split")


def seed_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a leaderboard with the columns about seeds.

    ``seeds`` is the number of seeds of the row's recipe. The others are blank for a single seed: mean, standard
    deviation, smallest and largest accuracy over the seeds. They are on PrivateTest where it was opened for every seed
    of the recipe, and else on PublicTest; ``seed_split`` says which.
    """
    found = {str(name): _of_recipe(rows) for name, rows in frame[frame["status"] == "ok"].groupby("recipe")}
    rows = zip(frame["recipe"], frame["status"], strict=True)
    values = [found.get(str(name), {}) if status == "ok" else {} for name, status in rows]
    columns: dict[str, Any] = {name: [row.get(name) for row in values] for name in SEED_COLUMNS}
    made = frame.assign(**columns)
    numbers = dict.fromkeys(("seed_mean", "seed_sd", "seed_min", "seed_max"), "float64")
    return made.astype({"seeds": "Int64", "seed_split": "object", **numbers})


def _of_recipe(rows: pd.DataFrame) -> dict[str, Any]:
    head = {"seeds": len(rows)}
    if len(rows) < 2:
        return head
    opened = bool(rows["accuracy"].notna().all())
    spread = Spread.of(rows["accuracy" if opened else "public_accuracy"])
    figures = {"seed_mean": spread.mean, "seed_sd": spread.sd, "seed_min": spread.low, "seed_max": spread.high}
    return {**head, **figures, "seed_split": TEST if opened else VALIDATION}


def seed_means(frame: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each recipe with several seeds, by falling mean.

    Parameters
    ----------
    frame : DataFrame
        The leaderboard.

    Returns
    -------
    DataFrame
        ``recipe``, ``seeds``, ``split``; ``accuracy`` (the mean) with ``_sd``, ``_min`` and ``_max`` over the seeds;
        ``interval``, half of the mean width of the 95 % intervals over test images; ``macro_f1`` with ``_sd``, blank
        on PublicTest.
    """
    ok = frame[frame["status"] == "ok"]
    rows = [_means(str(name), of) for name, of in ok.groupby("recipe", sort=False) if len(of) > 1]
    names = ["recipe", "seeds", "split", "accuracy", "accuracy_sd", "accuracy_min", "accuracy_max", "interval"]
    table = pd.DataFrame(rows, columns=[*names, "macro_f1", "macro_f1_sd"])
    return table.sort_values("accuracy", ascending=False, kind="stable").reset_index(drop=True)


def _means(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    about = _of_recipe(rows)
    kind = "accuracy" if about["seed_split"] == TEST else "public_accuracy"
    f1 = spreads(("macro_f1", value) for value in rows["macro_f1"].astype("float64")).get("macro_f1")
    whole = f1 is not None and f1.n == len(rows)
    return {
        "recipe": name,
        "seeds": about["seeds"],
        "split": about["seed_split"],
        "accuracy": about["seed_mean"],
        **{f"accuracy_{end}": about[f"seed_{end}"] for end in ("sd", "min", "max")},
        "interval": float((rows[f"{kind}_high"] - rows[f"{kind}_low"]).mean() / 2),
        **({"macro_f1": f1.mean, "macro_f1_sd": f1.sd} if f1 is not None and whole else {}),
    }


def seeds_text(frame: pd.DataFrame) -> str:
    """Say what the rows can show about chance in the fit; empty without a measured row."""
    ok = frame[frame["status"] == "ok"]
    counts = ok.groupby("recipe").size()
    if not len(counts):
        return ""
    single = int((counts == 1).sum())
    cannot = (
        "cannot show how much another seed would change it: its interval is over test images alone, so a difference "
        "between two such rows may be one of seeds"
    )
    if single == len(counts):
        return f"Every recipe was measured with one seed. A single-seed row {cannot}."
    several = f"{len(counts) - single} of {len(counts)} recipes were measured with several seeds."
    return f"{several} A row of a recipe with a single seed {cannot}." if single else several


def seeds_markdown(means: pd.DataFrame) -> str:
    """Return the means over seeds as a Markdown table."""
    header = ("recipe", "seeds", "accuracy, mean ± sd of seeds", "lowest to highest", "± over images", "split")
    return markdown_table(header, [_row(row) for row in means.to_dict("records")])


def seeds_lines(frame: pd.DataFrame) -> list[str]:
    """Return the means over seeds as lines for a terminal."""
    return [
        f"{printable(row['recipe'])}: {row['accuracy']:.3f} ± {row['accuracy_sd']:.3f} over {row['seeds']} seeds on "
        f"{row['split']} (over images: ± {row['interval']:.3f})"
        for row in seed_means(frame).to_dict("records")
    ]


def _row(row: Mapping[Any, Any]) -> list[str]:
    return [
        row["recipe"],
        str(row["seeds"]),
        f"{row['accuracy']:.3f} ± {row['accuracy_sd']:.3f}",
        f"{row['accuracy_min']:.3f} to {row['accuracy_max']:.3f}",
        "" if is_missing(row["interval"]) else f"{row['interval']:.3f}",
        row["split"],
    ]
