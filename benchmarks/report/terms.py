"""State the terms of the data from which the weights that ship were learned."""

import re

from ferbench.benchmarks.identity import shipped_as
from ferbench.benchmarks.report.results import Results
from ferbench.models import pretrained

# How the model cards begin the paragraph; its first sentence is quoted, without what it says of the bundle alone.
_PARAGRAPH = re.compile(r"^Data license: (.+?)(?:, and none of them|\. |\.?$)", re.MULTILINE)


def training_data_terms(results: Results) -> list[tuple[str, str]]:
    """Return the sentence of the model cards on the training data, with the rows that ship to which it applies.

    Parameters
    ----------
    results : Results

    Returns
    -------
    list of tuple of (str, str)
        The names that ship, joined by commas, and the sentence. Empty if no row of the results ships.
    """
    ships = {shipped_as(cell.record) for cell in results.measured}
    names: dict[str, list[str]] = {}
    for name in sorted(ships - {""}):
        card = (pretrained()[name] / "MODEL_CARD.md").read_text(encoding="utf-8")
        if found := _PARAGRAPH.search(card):
            names.setdefault(found.group(1), []).append(name)
    return [(", ".join(some), sentence) for sentence, some in names.items()]
