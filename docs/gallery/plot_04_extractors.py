"""
Compare feature extractors
==========================

The same classifier on different features. `make_recipe` joins an extractor and a classifier by name. The
validation part has about fifty faces; the bars show the standard error of the accuracy.
"""

import matplotlib.pyplot as plt
import numpy as np

from ferbench.datasets import make_faces
from ferbench.models import make_recipe

faces = make_faces(350, random_state=0, difficulty=0.3)
X, y = faces.part("Training")
X_val, y_val = faces.part("PublicTest")

names = ("pixels", "lbp", "hog", "landmarks", "hog+landmarks")
accuracy = np.array([make_recipe(f"{name}+logreg").fit(X, y).score(X_val, y_val) for name in names])
error = np.sqrt(accuracy * (1 - accuracy) / len(y_val))

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.barh(names, accuracy, xerr=error, color="#0072B2", ecolor="#333333")
ax.axvline(1 / 7, color="#8C8C8C", linestyle="--", label="guessing")
ax.set(xlim=(0, 1), xlabel="accuracy on the validation part")
ax.invert_yaxis()
ax.legend()
