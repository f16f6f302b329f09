"""Metrics that are plug-ins: each file here defines one as ``METRIC``, and no other file knows of it."""
