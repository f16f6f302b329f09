"""Audit data sets of faces and of key points."""
