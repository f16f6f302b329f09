"""What differs between processors, for tests whose figures depend on the last bit."""

from importlib import import_module

#: NumPy's functions use other code on processors with AVX512, whose last bits differ: single pixels of drawn faces are
#: one gray level off, and what is learned from them differs. Fixtures and bounds were made on a processor without it.
OTHER_ROUNDING = bool(import_module("numpy._core._multiarray_umath").__cpu_features__.get("AVX512_SKX"))
