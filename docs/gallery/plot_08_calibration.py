"""
Are the probabilities honest?
=============================

Of all answers that are given with a probability of 0.8, about eight in ten should be right. The reliability
diagram compares both. A point above the diagonal belongs to answers that are right more often than the recognizer
says; a point below it, to answers that are right less often.
"""

import matplotlib.pyplot as plt

from ferbench.benchmarks import ReliabilityDisplay
from ferbench.datasets import make_faces
from ferbench.models import make_recipe

faces = make_faces(350, random_state=0, difficulty=0.3)
X, y = faces.part("Training")
X_val, y_val = faces.part("PublicTest")

fig, axes = plt.subplots(1, 2, figsize=(10, 5.4), layout="constrained")
for ax, name in zip(axes, ("hog+logreg", "landmarks+lda"), strict=True):
    recognizer = make_recipe(name).fit(X, y)
    proba = recognizer.predict_proba(X_val)
    display = ReliabilityDisplay.from_predictions(y_val, proba, list(recognizer.classes_), name=name)
    display.plot(ax)
    print(f"{name}: expected calibration error {display.ece:.3f}")
