"""Write the model card of a recognizer trained on one's own faces."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ferbench import models
from ferbench.benchmarks.choose import calibration_section, card_text, data_text, shares_text
from ferbench.benchmarks.scores import Scores
from ferbench.benchmarks.tables import listed, markdown_table
from ferbench.datasets import Dataset
from ferbench.models.base import CLASS_SHARES


def own_card(
    recipe: str,
    dataset: Dataset,
    scores: Mapping[str, Scores],
    recognizer: Any,
    start: str | Path | None,
    *,
    description: Mapping[str, Any],
) -> str:
    """Return the model card in Markdown; `description` is that of the bundle."""
    labels = [str(label) for label in recognizer.classes_]
    about = {"name": dataset.name, "drawn": dataset.drawn, "fingerprint": dataset.fingerprint}
    described = models.describe(recognizer)
    from_where = f"\n- Started from the weights of `{Path(start).name}`; its data and terms apply too." if start else ""
    parts = [
        f"# {recipe}",
        f"Recognizes {listed(labels)} in a gray picture of one face.",
        "## Training",
        f"- Data: {data_text(about)}; {(dataset.split == 'Training').sum():,} training images.\n"
        + "".join(f"- {note}\n" for note in dataset.notes)
        + f"- Recipe: `{recipe}`, {described['implementation']}; probabilities: {described['probabilities']}."
        + from_where
        + shares_text(description.get(CLASS_SHARES)),
        "## Measured",
        markdown_table(("images", "n", "accuracy", "95 % interval"), [_row(*each) for each in scores.items()]),
        *calibration_section(description.get("calibration")),
        "## Terms",
        "The terms of the training data are not known to ferbench. Whoever shares this bundle should state them here.",
    ]
    return card_text(parts)


def _row(split: str, scores: Scores) -> list[str]:
    low, high = scores.interval("accuracy")
    name = f"{split} (used for choices such as the epoch)" if split == "PublicTest" else split
    return [name, f"{scores.n_images:,}", f"{scores.accuracy:.4f}", f"{low:.4f} to {high:.4f}"]
