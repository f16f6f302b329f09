"""Suites, cells, runner, store, metrics, statistics, timing, displays and report."""
