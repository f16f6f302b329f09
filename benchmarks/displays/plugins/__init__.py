"""Displays that are plug-ins: each file here defines one as ``DISPLAY``, and no other file knows of it."""
