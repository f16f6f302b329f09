"""
What HOG sees
=============

Histograms of oriented gradients describe each cell of an image by the directions of its edges. Each star shows
one cell: a long ray stands for strong edges in this direction.
"""

import matplotlib.pyplot as plt
import numpy as np

from ferbench.datasets import make_faces
from ferbench.features import HOGExtractor

faces = make_faces(21, size=96, random_state=8, difficulty=0.1)
extractor = HOGExtractor(cell_size=8, block_size=1)
features = extractor.fit_transform(faces.images)
print(features.shape, extractor.get_feature_names_out()[:2])

# %%
# The features are ordered by column and row of the blocks, then by bin.

happy = int(np.flatnonzero(faces.labels == "happy")[0])
cells = features[happy].reshape(12, 12, 9)
# Bins hold directions of gradients; edges run across them.
angles = np.deg2rad(np.arange(9) * 20 + 10 + 90)
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
left.imshow(faces.images[happy], cmap="gray")
right.imshow(np.full((96, 96), 20), cmap="gray", vmin=0, vmax=255)
for column in range(12):
    for row in range(12):
        lengths = 4 * cells[column, row] / cells.max()
        dx, dy = lengths * np.cos(angles), lengths * np.sin(angles)
        x, y = 8 * column + 4, 8 * row + 4
        right.plot([x - dx, x + dx], [y - dy, y + dy], color="white", linewidth=0.8)
for ax in (left, right):
    ax.set_axis_off()
