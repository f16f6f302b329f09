"""
Test on people that were not seen
=================================

If a person is in the training part and in the test part, a recognizer can remember the person instead of the
expression. `kfold` keeps each person on one side. `random` ignores people, and its scores flatter: never quote
them as the accuracy for new people.
"""

import matplotlib.pyplot as plt
import numpy as np

from ferbench.datasets import make_faces, make_folds

faces = make_faces(210, random_state=4, n_people=12)
parts = ("Training", "PublicTest", "PrivateTest")
people = np.unique(faces.groups)

# %%
# Each row is a person. The size of a disc is the number of images of this person in this part of the first fold.

fig, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
for ax, name in zip(axes, ("kfold:3", "random:3"), strict=True):
    fold = make_folds(faces, name)[0]
    for column, part in enumerate(parts):
        counts = np.array([((fold.groups == person) & (fold.split == part)).sum() for person in people])
        ax.scatter(np.full(len(people), column), range(len(people)), s=12 * counts)
    both = np.isin(fold.groups[fold.split == "PrivateTest"], fold.groups[fold.split == "Training"])
    print(f"{name}: {both.mean():.0%} of the test images show a person of the training part")
    ax.set_xticks(range(3), parts)
    ax.set(title=name, xlim=(-0.5, 2.5))
axes[0].set_yticks(range(len(people)), people, fontsize=7)
