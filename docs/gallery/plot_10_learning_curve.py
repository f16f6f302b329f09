"""
How much data is enough?
========================

The protocol `curve` takes growing parts of the training data and keeps the other parts as they are. If the curve
still rises at its end, more data will help.
"""

import matplotlib.pyplot as plt

from ferbench.datasets import make_faces, make_folds
from ferbench.models import make_recipe

faces = make_faces(490, random_state=0, difficulty=0.3)
parts = make_folds(faces, "curve:0.1,0.25,0.5,1")
counts = [int((part.split == "Training").sum()) for part in parts]

fig, ax = plt.subplots(figsize=(6, 3.4), layout="constrained")
for name, color in (("pixels+logreg", "#8C8C8C"), ("hog+logreg", "#0072B2")):
    scores = [make_recipe(name).fit(*part.part("Training")).score(*part.part("PublicTest")) for part in parts]
    ax.plot(counts, scores, marker="o", color=color)
    ax.annotate(name, (counts[-1], scores[-1]), xytext=(8, 0), textcoords="offset points", va="center")
    print(name, [round(score, 2) for score in scores])
ax.set_xscale("log")
ax.set_xticks(counts, [str(count) for count in counts])
ax.minorticks_off()
ax.set(xlabel="training images", ylabel="accuracy, validation part", xlim=(counts[0] * 0.9, counts[-1] * 2))
