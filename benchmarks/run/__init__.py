"""Run the cells of a suite in child processes, here or on a Dask cluster."""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
