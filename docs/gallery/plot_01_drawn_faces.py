"""
Seven expressions
=================

ferbench draws labeled faces, so that everything can be tried without a download. Every face is another
person in another light. The faces are drawings: they show that things work, not how well they work on
photographs.
"""

import matplotlib.pyplot as plt

from ferbench.datasets import LABELS, make_faces

faces = make_faces(35, size=96, random_state=3, difficulty=0.2)
print(faces.images.shape, faces.images.dtype, faces.labels[:3])

# %%
# `images` has the shape (n_samples, height, width), `labels` are strings.

fig, axes = plt.subplots(1, 7, figsize=(11, 2), layout="constrained")
for ax, label in zip(axes, LABELS, strict=True):
    ax.imshow(faces.images[faces.labels == label][0], cmap="gray", vmin=0, vmax=255)
    ax.set_title(label)
    ax.set_axis_off()
