"""
Easy and hard faces
===================

`difficulty` goes from 0 (frontal heads, strong expressions, even light) to 1 (turned heads, weak and mixed
expressions, hands in front of the face, blur and noise). Use it to see where a method breaks down.
"""

import matplotlib.pyplot as plt

from ferbench.datasets import make_faces
from ferbench.models import make_recipe

levels = (0.0, 0.5, 1.0)
accuracy = []
fig, axes = plt.subplots(3, 6, figsize=(8, 4.6), layout="constrained")
for row, level in zip(axes, levels, strict=True):
    faces = make_faces(210, random_state=1, difficulty=level)
    X, y = faces.part("Training")
    recognizer = make_recipe("hog+logreg").fit(X, y)
    accuracy.append(recognizer.score(*faces.part("PublicTest")))
    row[0].set_title(f"difficulty {level:g}: accuracy {accuracy[-1]:.2f}", loc="left")
    for ax, image in zip(row, X, strict=False):
        ax.imshow(image, cmap="gray", vmin=0, vmax=255)
        ax.set_axis_off()

# %%
# The accuracy is that of `hog+logreg` on the validation part (about thirty faces), so it is a rough figure.

for level, share in zip(levels, accuracy, strict=True):
    print(f"difficulty {level:g}: {share:.2f}")
