"""Measure one configuration of the live system."""
