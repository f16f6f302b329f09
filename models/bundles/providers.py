"""The execution providers of :mod:`ferbench.models.base`, for the names of this folder."""

from ferbench.models.base import PROVIDERS, provider_names

__all__ = ["PROVIDERS", "provider_names"]
