"""Score the recipes in each group of the pooled test rows, where the data has group columns."""

import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.folds.reading import TEST
from ferbench.benchmarks.folds.results import FoldResults
from ferbench.benchmarks.pages import ByGroup, score_groups


def scores_by_group(results: FoldResults) -> ByGroup:
    """Accuracy of every recipe with all its folds in each group of each column, over all test rows.

    A learning curve gives its largest share.
    """
    parts = [results.content.folds[place].parts[TEST] for place in results.places]
    columns = {
        name: np.concatenate([part.attributes[name] for part in parts])
        for name in (parts[0].attributes if parts else ())
    }

    def answers() -> dict[str, NDArray[np.bool_]]:
        right = {}
        for recipe in results.recipes:
            try:
                given = results.probabilities(recipe)[TEST].argmax(axis=1)
            except ValueError:
                continue  # A fold is missing: other recipes were tested on other rows.
            right[recipe] = np.array(results.classes)[given] == results.labels[TEST]
        return right

    people = np.concatenate([part.people for part in parts])
    images = np.concatenate([part.rows for part in parts])
    return score_groups(columns, answers, people=people if (people >= 0).all() else None, images=images)
