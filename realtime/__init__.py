"""The winner, live: sources, detectors, tracker, loop and sinks (under construction, see CHANGELOG.md)."""
