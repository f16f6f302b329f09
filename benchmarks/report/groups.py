"""Score the recognizers in each group of the images, where the data has group columns."""

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.pages import ByGroup, score_groups
from ferbench.benchmarks.report.results import Results


def scores_by_group(results: Results) -> ByGroup:
    """Accuracy of every scored cell in each group of each column, on the split of the tables."""
    split = results.split

    def answers() -> dict[str, NDArray[np.bool_]]:
        truth, names = results.labels[split], np.array(results.classes)
        return {cell.label: names[cell.proba[split].argmax(axis=1)] == truth for cell in results.scored}

    return score_groups(results.attributes.get(split, {}), answers, people=results.people.get(split))
