"""
Fifteen key points
==================

`ferbench-points` finds the centers and corners of the eyes, the ends of the brows, the tip of the nose and the
mouth. On drawn faces the true points are known exactly, so its error can be shown.
"""

import matplotlib.pyplot as plt
import numpy as np

from ferbench.datasets import make_faces
from ferbench.features import derive_points
from ferbench.models import load_bundle, pretrained

model = load_bundle(pretrained("keypoints")["ferbench-points"])
faces = make_faces(21, size=96, random_state=2, difficulty=0.3)
found = model.predict(faces.images)
true = derive_points(faces.landmarks)
print(found.shape, model.point_names[:3])

# %%
# Distances are in pixels of the 96 x 96 image.

error = np.linalg.norm(found - true, axis=2)
print(f"mean distance {error.mean():.1f} px, median {np.median(error):.1f} px")
fig, axes = plt.subplots(1, 5, figsize=(11, 2.6), layout="constrained")
for ax, image, guess, truth in zip(axes, faces.images, found, true, strict=False):
    ax.imshow(image, cmap="gray", vmin=0, vmax=255)
    ax.scatter(*truth.T, s=28, facecolors="none", edgecolors="#F0E442", label="drawn")
    ax.scatter(*guess.T, s=8, color="#56B4E9", label="found")
    ax.set_axis_off()
axes[0].legend(loc="lower left", fontsize=7)
