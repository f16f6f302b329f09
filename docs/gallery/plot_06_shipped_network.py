"""
Use the network that ships
==========================

Two networks ship with ferbench and need no TensorFlow. They were trained on photographs (FER2013). Here they
look at drawings, which they have never seen, so do not expect every answer to be right.
"""

import matplotlib.pyplot as plt
import numpy as np

from ferbench.datasets import make_faces
from ferbench.models import load_bundle, pretrained

network = load_bundle(pretrained()["ferbench-net-xs"])
print(network)

faces = make_faces(21, random_state=5, difficulty=0.0)
rows = [int(np.flatnonzero(faces.labels == label)[0]) for label in ("happy", "surprise", "angry", "sad")]
proba = network.predict_proba(faces.images[rows])

# %%
# Each row of `predict_proba` has one column for each class of `classes_`.

fig, axes = plt.subplots(2, 4, figsize=(9, 4.2), layout="constrained")
for column, row in enumerate(rows):
    axes[0, column].imshow(faces.images[row], cmap="gray", vmin=0, vmax=255)
    axes[0, column].set_title(f"drawn as {faces.labels[row]}")
    axes[0, column].set_axis_off()
    axes[1, column].barh(network.classes_, proba[column], color="#0072B2")
    axes[1, column].set_xlim(0, 1)
    if column:
        axes[1, column].set_yticklabels([])
