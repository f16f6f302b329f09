"""Name a mixture of two basic emotions; it is derived from probabilities, not measured."""

from dataclasses import replace

import numpy as np

from ferbench.realtime.events import FaceEvent, Probabilities

#: Compound emotions of two basic ones, by the labels of FER2013 (Du, Tao and Martinez, PNAS 2014).
COMPOUNDS = {
    frozenset(pair): name
    for pair, name in {
        ("happy", "surprise"): "happily surprised",
        ("happy", "disgust"): "happily disgusted",
        ("sad", "fear"): "sadly fearful",
        ("sad", "angry"): "sadly angry",
        ("sad", "surprise"): "sadly surprised",
        ("sad", "disgust"): "sadly disgusted",
        ("fear", "angry"): "fearfully angry",
        ("fear", "surprise"): "fearfully surprised",
        ("fear", "disgust"): "fearfully disgusted",
        ("angry", "surprise"): "angrily surprised",
        ("angry", "disgust"): "angrily disgusted",
        ("disgust", "surprise"): "disgustedly surprised",
    }.items()
}
#: Two emotions share the probability if together they have this much of it, and the smaller half of the larger or more.
TOGETHER, RATIO = 0.7, 0.5


def compound_of(probabilities: Probabilities, classes: tuple[str, ...]) -> str | None:
    """Return the name of the mixture of the two most probable emotions, or None if there is none.

    Parameters
    ----------
    probabilities : ndarray of shape (n_classes,)
        Probabilities of one face, smoothed over time in a video.
    classes : tuple of str
        Labels in the order of the probabilities; only pairs of FER2013's labels have a name.

    Examples
    --------
    >>> import numpy as np
    >>> compound_of(np.array([0.5, 0.4, 0.1]), ("happy", "surprise", "sad"))
    'happily surprised'
    """
    if len(classes) < 2 or not np.isfinite(probabilities).all():
        return None
    second, first = np.argsort(probabilities, kind="stable")[-2:]
    larger, smaller = float(probabilities[first]), float(probabilities[second])
    if larger + smaller < TOGETHER or smaller < RATIO * larger:
        return None
    return COMPOUNDS.get(frozenset((classes[first], classes[second])))


def with_compound(event: FaceEvent) -> FaceEvent:
    """Return an event with the name of its mixture."""
    if event.smoothed is None:
        return event
    return replace(event, compound=compound_of(event.smoothed, event.classes))
