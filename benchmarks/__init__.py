"""Suites, cells, runner, store, metrics, statistics, timing, displays and report; and the harness from Python."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
