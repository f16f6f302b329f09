"""Adapters of other packages, one file each; they run in the interpreter of the package and import nothing of ferbench.

A file has a class with the attributes `package`, `project`, `install`, `trained_on` and `labels`, and the methods
``faces(images)`` and ``frame(image)``, and one line that registers it: ``REGISTERED = {"name": Class}``.
"""

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach_stub(__name__, __file__)
