"""Keep the process of a peer between predictions, and start it anew where that is needed."""

import os
import weakref

from ferbench.models.peers.process import PeerProcess
from ferbench.models.peers.registry import Adapter


class KeptProcess:
    """Process of a peer that starts at its first use, and again after it ended or the cores of this process changed.

    Parameters
    ----------
    adapter : Adapter
    python : str
        Interpreter of an environment with the package.
    timeout_s : float or None
        Seconds for each answer, as in :class:`PeerProcess`.
    """

    def __init__(self, adapter: Adapter, python: str, *, timeout_s: float | None = None) -> None:
        self.adapter, self.python, self.timeout_s = adapter, python, timeout_s
        self._process: PeerProcess | None = None
        self._cores: set[int] | None = None

    def running(self) -> PeerProcess:
        """Return the process, bound to the cores that this process may use."""
        cores = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
        if self._process is not None and (self._cores != cores or not self._process.alive):
            self.close()
        if self._process is None:
            self._process, self._cores = PeerProcess(self.adapter, self.python, timeout_s=self.timeout_s), cores
            weakref.finalize(self, self._process.close)
        return self._process

    def close(self) -> None:
        """End the process; the next use starts it again."""
        if self._process is not None:
            self._process.close()
            self._process = None
