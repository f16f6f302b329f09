"""Smooth the probabilities of one track over time."""

import math

import numpy as np

from ferbench.realtime.events import Probabilities


class Smoother:
    """Exponential smoothing of probabilities, independent of the frame rate.

    Parameters
    ----------
    time_constant_s : float
        Seconds after which 63 % of a change is visible; 0 turns smoothing off.

    Raises
    ------
    ValueError
        If the time constant is negative or not a number.

    Examples
    --------
    >>> import numpy as np
    >>> from ferbench.realtime import Smoother
    >>> smoother = Smoother(0.5)
    >>> smoother.update(np.array([1.0, 0.0]), 0.0).tolist()
    [1.0, 0.0]
    >>> smoother.update(np.array([0.0, 1.0]), 0.5).round(2).tolist()
    [0.37, 0.63]
    """

    def __init__(self, time_constant_s: float) -> None:
        if not time_constant_s >= 0:
            raise ValueError(f"smoothing_s must be 0 or more seconds; got {time_constant_s}")
        self.time_constant_s = time_constant_s
        self._value: Probabilities | None = None
        self._time_s = 0.0

    def update(self, probabilities: Probabilities, timestamp_s: float) -> Probabilities:
        """Add the probabilities of one frame, ndarray of shape (n_classes,), and return the smoothed ones."""
        if self._value is None or self.time_constant_s == 0:
            self._value = np.array(probabilities, np.float64)
        else:
            # If the clock steps back, the weight must not become negative.
            passed = max(0.0, timestamp_s - self._time_s)
            kept = math.exp(-passed / self.time_constant_s)
            self._value = kept * self._value + (1 - kept) * probabilities
        self._time_s = timestamp_s
        return self._value
