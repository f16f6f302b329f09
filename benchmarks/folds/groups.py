"""Score the recipes in each group of the pooled test rows, where the data has group columns."""

import numpy as np

from ferbench.benchmarks.folds.reading import TEST
from ferbench.benchmarks.folds.results import FoldResults
from ferbench.benchmarks.folds.tally import N_BOOTSTRAP, SEED
from ferbench.benchmarks.pages import ByGroup
from ferbench.benchmarks.scores import accuracy_by_group


def scores_by_group(results: FoldResults) -> ByGroup:
    """Accuracy of every recipe with all its folds in each group of each column, over all test rows.

    A learning curve gives its largest share. A column without any value in the test rows is left out.
    """
    parts = [results.content.folds[place].parts[TEST] for place in results.places]
    right = {}
    for recipe in results.recipes:
        try:
            answers = results.probabilities(recipe)[TEST].argmax(axis=1)
        except ValueError:
            continue  # A fold is missing: other recipes were tested on other rows.
        right[recipe] = np.array(results.classes)[answers] == results.labels[TEST]
    people = np.concatenate([part.people for part in parts])
    images = np.concatenate([part.rows for part in parts])
    known = people if (people >= 0).all() else None
    columns = {
        name: np.concatenate([part.attributes[name] for part in parts])
        for name in (parts[0].attributes if parts else ())
    }
    return {
        column: {
            recipe: accuracy_by_group(answers, values, people=known, images=images, n_bootstrap=N_BOOTSTRAP, seed=SEED)
            for recipe, answers in right.items()
        }
        for column, values in columns.items()
        if (values != "").any() and right
    }
