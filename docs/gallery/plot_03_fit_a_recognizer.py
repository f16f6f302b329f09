"""
Fit a recognizer and see its mistakes
=====================================

A recipe such as `hog+svm` is an unfitted scikit-learn classifier over images. The confusion matrix shows which
expressions it takes for another.
"""

import matplotlib.pyplot as plt

from ferbench.benchmarks import ConfusionDisplay
from ferbench.datasets import make_faces
from ferbench.models import make_recipe

faces = make_faces(490, random_state=0, difficulty=0.2)
X, y = faces.part("Training")
X_test, y_test = faces.part("PrivateTest")
recognizer = make_recipe("hog+svm").fit(X, y)
print(f"accuracy {recognizer.score(X_test, y_test):.2f} on {len(X_test)} drawn faces")

# %%
# Displays take numbers and draw them: `plot(ax)` draws, `frame()` returns what is drawn as a table.

display = ConfusionDisplay.from_predictions(
    y_test, recognizer.predict_proba(X_test), list(recognizer.classes_), name="hog+svm", dataset="drawn faces"
)
fig, ax = plt.subplots(figsize=(6.4, 5.6), layout="constrained")
display.plot(ax)
print(display.frame())
