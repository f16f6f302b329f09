"""Metric plug-ins. Each file here defines one as ``METRIC``; no other file needs a change."""
