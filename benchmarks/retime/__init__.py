"""Measure the latency of all bundles of a results folder again, in one run."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
