"""Write the head of a leaderboard's Markdown page."""

from ferbench.benchmarks.pages.results import BaseResults
from ferbench.benchmarks.tables import markdown_text


def markdown_head(results: BaseResults, title: str, headline: str) -> list[str]:
    """Return title, headline, a warning for drawn faces, and notes on the data, one paragraph each."""
    parts = [f"# {title}: {markdown_text(results.dataset.get('name'))}", f"{markdown_text(headline)}."]
    if results.is_drawn:
        parts.append("**These are drawn faces, not real photographs:** use the figures only to compare methods.")
    return [*parts, *(f"Note: {markdown_text(note)}" for note in results.dataset.get("notes") or ())]
