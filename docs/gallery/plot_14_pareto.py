"""
Accuracy against cost
=====================

The published results on FER2013 as a plot of accuracy without leaks against the latency of one image on one core.
The line joins the recognizers that no other one beats in both (the Pareto front). All times are from one run of
``ferbench retime``, in which the recognizers took turns. Recognizers that it did not measure are left out.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from ferbench.benchmarks import read_results
from ferbench.benchmarks.displays import group_styles, label_log_axis

# Run it anywhere in a clone of the repository.
file = Path("results", "fer2013", "leaderboard.csv")
root = next(folder for folder in (Path.cwd(), *Path.cwd().parents) if (folder / file).is_file())
results, table = read_results(root / file.parent), pd.read_csv(root / file)
table = table[table["latency_ranked"] & table["leak_free_accuracy"].notna() & (table["recipe"] != "constant")]
table = table.sort_values("latency_ms_median")
front = table[table["leak_free_accuracy"] > table["leak_free_accuracy"].cummax().shift(fill_value=0)]
print(front[["recipe", "latency_ms_median", "leak_free_accuracy"]].to_string(index=False))

# %%
# Each family has its color, the same in every plot of ferbench. Stars ship with ferbench.

ships = {
    "pretrained@int8": "ferbench-net-l-int8",
    "weight-mean@net-l": "ferbench-net-l",
    "ferbench-net-xs": "ferbench-net-xs",
    "ferbench-quality": "ferbench-quality",
}
shipped = table["recipe"].isin(ships)
named = {
    "pretrained@int8": (-8, 4, "right"),
    "weight-mean@net-l": (2, -17, "right"),
    "ferbench-net-xs": (-8, -4, "right"),
    "ferbench-quality": (-8, 4, "right"),
    "compact:sift+mirror-kernel-ridge@small": (8, -4, "left"),
    "hog+svm": (-6, -4, "right"),
    "hog+logreg": (-8, -3, "right"),
    "sift+mirror-kernel-ridge": (0, 8, "center"),
    "pixels+logreg": (-6, -4, "right"),
}
fig, ax = plt.subplots(figsize=(8, 4.4), layout="constrained")
ax.step(front["latency_ms_median"], front["leak_free_accuracy"], where="post", color="#8C8C8C", zorder=1)
kinds = {cell.recipe: cell.kind for cell in results.measured}
styles = group_styles(kinds.values())
for (kind, star), some in table.groupby([table["recipe"].map(kinds), shipped]):
    color, marker = styles[kind]
    size, marker = (130, "*") if star else (24, marker)
    ax.scatter(some["latency_ms_median"], some["leak_free_accuracy"], s=size, c=color, marker=marker)
for kind in table["recipe"].map(kinds).unique():
    color, marker = styles[kind]
    ax.scatter([], [], s=24, c=color, marker=marker, label=kind)
ax.scatter([], [], s=130, c="#333333", marker="*", label="ships with ferbench")
for _, row in table[table["recipe"].isin(named)].iterrows():
    x, y, side = named[row["recipe"]]
    place = row["latency_ms_median"], row["leak_free_accuracy"]
    ax.annotate(
        ships.get(row["recipe"], row["recipe"]), place, xytext=(x, y), textcoords="offset points", ha=side, fontsize=8
    )
ax.set_xscale("log")
ax.set_xlim(0.05, 900)
label_log_axis(ax.xaxis)
ax.set(xlabel="latency of one image, median, ms (log scale)", ylabel="accuracy without leaks, FER2013 PrivateTest")
ax.legend(loc="lower right")
ax.grid(alpha=0.25)
