"""
Bring your own method
=====================

Every scikit-learn classifier that takes images is a recognizer. Here PCA ("eigenfaces") and a linear
discriminant make one. `save_bundle` writes a fitted recognizer that can travel, with checksums and without
pickle.
"""

import tempfile

import matplotlib.pyplot as plt
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline

from ferbench.datasets import make_faces
from ferbench.features import PixelExtractor
from ferbench.models import load_bundle, save_bundle

faces = make_faces(420, random_state=0, difficulty=0.3)
X, y = faces.part("Training")
pca = PCA(60, whiten=True, random_state=0)
recognizer = make_pipeline(PixelExtractor(), pca, LinearDiscriminantAnalysis()).fit(X, y)
print(f"accuracy {recognizer.score(*faces.part('PublicTest')):.2f}")

with tempfile.TemporaryDirectory() as folder:
    save_bundle(f"{folder}/eigenfaces", recognizer, image_shape=X.shape[1:])
    print(load_bundle(f"{folder}/eigenfaces").predict(X[:3]), y[:3])

# %%
# The first components: mostly light and pose, not expression.

fig, axes = plt.subplots(1, 6, figsize=(10, 2), layout="constrained")
for ax, component in zip(axes, pca.components_, strict=False):
    ax.imshow(component.reshape(X.shape[1:]), cmap="gray")
    ax.set_axis_off()
