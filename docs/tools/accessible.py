"""Add to the pages of the built site what a screen reader and a keyboard need, and the theme leaves out.

axe-core finds nothing on the pages afterwards. Mending a page twice changes nothing, because Sphinx writes only the
pages that have changed.
"""

import re
from pathlib import Path
from typing import Any

# What is replaced, and by what.
_MENDED: tuple[tuple[str, str], ...] = (
    # A heading has a level.
    (r'(<p class="caption" role="heading")(?=>)', r'\1 aria-level="2"'),
    # Two landmarks of the same kind have names that differ.
    (r'(<aside class="sidebar-drawer")(?=>)', r'\1 aria-label="Pages"'),
    (r'(<aside class="toc-drawer[^"]*")(?=>)', r'\1 aria-label="This page"'),
    # The page of the search has a heading.
    (r'(<article role="main" id="furo-main-content">\s*)(?=<noscript>)', r"\1<h1>Search</h1>\n"),
    # What scrolls can be scrolled by the keyboard.
    (r"<pre>", '<pre tabindex="0">'),
    (r'(<div class="table-wrapper[^"]*")(?=>)', r'\1 tabindex="0"'),
    # The text of a link in the gallery is hidden, and the title below it is none.
    (
        r'(<a class="reference internal" href="[^"]+")'
        r'(?=><span class="doc">([^<]+)</span></a></p>\s*<div class="sphx-glr-thumbnail-title")',
        r'\1 aria-label="\2"',
    ),
)


def mend(html: str) -> str:
    """Return a page with these attributes added.

    Examples
    --------
    >>> mend('<pre>ferbench run</pre>')
    '<pre tabindex="0">ferbench run</pre>'
    """
    for found, better in _MENDED:
        html = re.sub(found, better, html)
    return html


def mend_site(folder: Path) -> None:
    """Mend every page of a folder."""
    for page in sorted(folder.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        if (mended := mend(text)) != text:
            page.write_text(mended, encoding="utf-8")


def after_build(app: Any, error: Exception | None) -> None:
    """Mend the pages that Sphinx has written; for ``build-finished``."""
    if error is None and app.builder.format == "html":
        mend_site(Path(app.outdir))
