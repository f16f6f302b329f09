"""
Calm labels in video
====================

The answers for single frames jump. `Smoother` averages them over time, with a time constant in seconds, so the
result does not depend on the frame rate. Here forty drawings of one person, first happy and then surprised,
stand for the frames of a video.
"""

import matplotlib.pyplot as plt
import numpy as np

from ferbench.datasets import make_faces
from ferbench.models import load_bundle, pretrained
from ferbench.realtime import Smoother

faces = make_faces(420, random_state=0, n_people=3, difficulty=0.4)
one = faces.groups == "person_0001"
frames = np.concatenate([faces.images[one & (faces.labels == label)][:20] for label in ("happy", "surprise")])
network = load_bundle(pretrained()["ferbench-net-xs"])
raw = network.predict_proba(frames)

smoother = Smoother(0.5)
seconds = np.arange(len(frames)) / 10
smoothed = np.array([smoother.update(row, second) for row, second in zip(raw, seconds, strict=True)])

# %%
# The change is seen about half a second late: this is the price of a calm label.

fig, axes = plt.subplots(2, 1, figsize=(8, 4.4), sharex=True, layout="constrained")
for ax, proba, title in zip(axes, (raw, smoothed), ("single frames", "smoothed, 0.5 s"), strict=True):
    for label, color in (("happy", "#E69F00"), ("surprise", "#0072B2")):
        ax.plot(seconds, proba[:, list(network.classes_).index(label)], color=color, label=label)
    ax.axvline(2.0, color="#8C8C8C", linestyle=":")
    ax.set(title=title, ylim=(0, 1), ylabel="probability")
axes[0].legend()
axes[1].set_xlabel("seconds")
