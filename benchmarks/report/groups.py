"""Score the recognizers in each group of the images, where the data has group columns."""

import numpy as np

from ferbench.benchmarks.pages import ByGroup
from ferbench.benchmarks.report.results import Results
from ferbench.benchmarks.report.scores import N_BOOTSTRAP, SEED
from ferbench.benchmarks.scores import accuracy_by_group


def scores_by_group(results: Results) -> ByGroup:
    """Accuracy of every scored cell in each group of each column, on the split of the tables.

    A column without any value there is left out.
    """
    split = results.split
    truth, people = results.labels[split], results.people.get(split)
    names = np.array(results.classes)
    right = {cell.label: names[cell.proba[split].argmax(axis=1)] == truth for cell in results.scored}
    return {
        column: {
            label: accuracy_by_group(answers, values, people=people, n_bootstrap=N_BOOTSTRAP, seed=SEED)
            for label, answers in right.items()
        }
        for column, values in results.attributes.get(split, {}).items()
        if (values != "").any() and right
    }
