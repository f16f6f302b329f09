"""Show each corruption at each severity on a few faces."""

import cv2
import numpy as np
from numpy.typing import NDArray

from ferbench.benchmarks.stress.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from ferbench.benchmarks.tables import label_sheet

_SIDE, _LEFT, _TOP = 96, 128, 20


def contact_sheet(images: NDArray[np.uint8], landmarks: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.uint8]:
    """Return one row for each corruption: each face clean and at the five severities.

    Parameters
    ----------
    images : ndarray of shape (n_faces, height, width), uint8
        A few faces; one to three fit on a page.
    landmarks : ndarray of shape (n_faces, 68, 2)
    seed : int, default=0

    Returns
    -------
    ndarray of shape (height, width), uint8
    """
    steps = (0, *SEVERITIES)
    width = _LEFT + len(images) * len(steps) * _SIDE
    sheet = np.full((_TOP + len(CORRUPTIONS) * _SIDE, width), 255, np.uint8)
    for place, severity in enumerate(steps * len(images)):
        label_sheet(sheet, "clean" if severity == 0 else str(severity), _LEFT + place * _SIDE + 4, 14)
    for row, (name, kind) in enumerate(CORRUPTIONS.items()):
        top = _TOP + row * _SIDE
        label_sheet(sheet, kind.title, 6, top + _SIDE // 2 + 4)
        for place, severity in enumerate(steps * len(images)):
            face = slice(place // len(steps), place // len(steps) + 1)
            shown = images[face]
            if severity:
                shown = corrupt(shown, name, severity, landmarks=landmarks[face], seed=seed)
            tile = cv2.resize(shown[0], (_SIDE - 2, _SIDE - 2), interpolation=cv2.INTER_CUBIC)
            left = _LEFT + place * _SIDE
            sheet[top : top + _SIDE - 2, left : left + _SIDE - 2] = tile
    return sheet
