"""
Faces in a picture
==================

The live system finds faces, recognizes each, and draws the result. `Recognizer.predict` does the same for one
picture and returns events: one for each face.
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np

from ferbench.datasets import make_faces
from ferbench.realtime import FrameResult, Overlay, Recognizer

faces = make_faces(21, size=200, random_state=21, difficulty=0.0)
happy, surprised = (faces.images[faces.labels == label][0] for label in ("happy", "surprise"))
picture = np.full((300, 820), 205, np.uint8)
picture[50:250, 40:240] = happy
picture[50:250, 440:640] = surprised
picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)

recognizer = Recognizer.load("ferbench-net-l", detector="haar", points=True)
events = recognizer.predict(picture)
for event in events:
    print(event.box, event.label, event.certain)

# %%
# `Overlay` draws events on a copy of the picture, as the window and the video do.

result = FrameResult(0, 0.0, picture, tuple(events), latency_ms=0.0, fps=0.0, model=recognizer.name)
drawn = Overlay(status=False).annotate(result)
fig, ax = plt.subplots(figsize=(9, 3.4), layout="constrained")
ax.imshow(cv2.cvtColor(drawn, cv2.COLOR_BGR2RGB))
ax.set_axis_off()
