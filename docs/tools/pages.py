"""Pages that the site has beside the committed ones, and links that differ between GitHub and the site."""

import importlib
import inspect
import os
import re
from pathlib import Path
from typing import Any

import notebook

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = DOCS / "generated"
FOLDERS = ("benchmarks", "datasets", "features", "models", "realtime")
# Committed files that the site shows at another place.
MOVED = {
    ROOT / "CONTRIBUTING.md": GENERATED / "contributing.md",
    ROOT / "CHANGELOG.md": GENERATED / "changelog.md",
    DOCS / "gallery.md": GENERATED / "gallery" / "index.rst",
    DOCS / "tutorial.ipynb": GENERATED / "notebook.md",
}
# The left column of the site: captions and the pages below them.
NAVIGATION = {
    "Start": ("tutorial", "generated/notebook", "choose", "generated/gallery/index"),
    "Guides": ("benchmark", "data", "training", "own-method", "others", "live", "deploy", "keypoints"),
    "Background": ("protocol", "results", "evidence", "limits", "faq"),
    "Reference": ("commands", "recipes", "formats", "api", "generated/reference/index"),
    "Project": ("generated/contributing", "generated/changelog"),
}
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
# Methods that scikit-learn adds to every estimator.
_SKIPPED = re.compile(r"set_\w+_request|get_metadata_routing|get_params|set_params|set_output")


def write_generated(_: Path) -> None:
    """Write the API reference, and copies of the pages that lie outside the folder of the sources."""
    for source in ("CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / source).read_text(encoding="utf-8")
        _write(MOVED[ROOT / source], adapt_links(text, ROOT, GENERATED))
    picture_folder = GENERATED / "notebook"
    text = notebook.as_markdown(DOCS / "tutorial.ipynb", picture_folder)
    _write(GENERATED / "notebook.md", adapt_links(text, DOCS, GENERATED))
    for name, text in reference_pages().items():
        _write(GENERATED / "reference" / f"{name}.rst", text)


def adapt_page(_: Any, docname: str, source: list[str]) -> None:
    """Adapt the links of a committed page; the start page also gets the navigation."""
    file = DOCS / f"{docname}.md"
    if not file.is_file() or GENERATED in file.parents:
        return
    source[0] = adapt_links(source[0], file.parent, file.parent)
    if docname == "index":
        source[0] += navigation()


def navigation() -> str:
    """Return the table of contents as MyST; on GitHub the list of links on the start page takes its place."""
    parts = []
    for caption, names in NAVIGATION.items():
        parts += ["", "```{toctree}", ":hidden:", f":caption: {caption}", "", *names, "```"]
    return "\n".join(parts) + "\n"


def adapt_links(text: str, written_in: Path, shown_in: Path) -> str:
    """Return Markdown whose relative links lead to pages of the site, or to copies of files of the repository.

    Raises
    ------
    ValueError
        If a link leads nowhere.
    """

    def adapted(found: re.Match[str]) -> str:
        picture, words, target = found.groups()
        if re.match(r"[a-z]+:|#", target):
            return found[0]
        place, mark, anchor = target.partition("#")
        file = Path(os.path.normpath(written_in / place))
        if not file.is_file():
            raise ValueError(f"a link to {target} in {written_in.name}/ leads to no file of the repository")
        file = MOVED.get(file, file)
        way = os.path.relpath(file, shown_in)
        if picture or (DOCS in file.parents and file.suffix in (".md", ".rst")):
            return f"{picture}[{words}]({way}{mark}{anchor})"
        # The report page shows more than the table in Markdown, and a browser renders it.
        report = file.with_name("index.html")
        if file.suffix == ".md" and report.is_file():
            way = os.path.relpath(report, shown_in)
        return f"[{words}](<path:{way}>)"

    return _LINK.sub(adapted, text)


def reference_pages() -> dict[str, str]:
    """Return the pages of the API reference by name: one for each folder, and the index."""
    pages = {"index": _index()}
    for folder in FOLDERS:
        pages[folder] = _folder_page(folder)
    return pages


def _index() -> str:
    lines = [
        "API reference",
        "=============",
        "",
        "Every public name with its parameters, errors and examples. The page :doc:`/api` gives an overview.",
        "",
        ".. toctree::",
        "   :maxdepth: 1",
        "",
    ]
    return "\n".join([*lines, *(f"   {folder}" for folder in FOLDERS)]) + "\n"


def _folder_page(folder: str) -> str:
    module = importlib.import_module(f"ferbench.{folder}")
    title = f"ferbench.{folder}"
    named = {name: getattr(module, name) for name in module.__all__}
    callables = [name for name, value in named.items() if inspect.isclass(value) or inspect.isroutine(value)]
    # An alias has the name of what it stands for.
    shown = [name for name in callables if getattr(named[name], "__name__", name) == name]
    kinds = {
        "Classes": [name for name in shown if inspect.isclass(named[name])],
        "Functions": [name for name in shown if not inspect.isclass(named[name])],
    }
    lines = [title, "=" * len(title), "", inspect.getdoc(module) or "", ""]
    for caption, names in kinds.items():
        lines += [caption, "-" * len(caption), "", ".. autosummary::", "   :toctree: .", "   :nosignatures:", ""]
        lines += [*(f"   {title}.{name}" for name in names), ""]
    constants = [name for name in named if name not in callables]
    if constants:
        lines += ["Constants and types", "-------------------", ""]
        lines += [f"- ``{name}``: ``{_short(named[name])}``" for name in constants]
    return "\n".join(lines) + "\n"


def _short(value: Any) -> str:
    text = re.sub(r"\s+", " ", repr(value)).replace("`", "'")
    return text if len(text) <= 100 else f"{text[:97]}..."


def skip_member(_app: Any, _what: str, name: str, member: Any, skip: bool, _options: Any) -> bool | None:
    """Leave out what comes from scikit-learn: its texts refer to pages of its own."""
    foreign = str(getattr(member, "__module__", "")).startswith("sklearn.")
    return True if foreign or _SKIPPED.fullmatch(name) else skip or None


def _write(path: Path, text: str) -> None:
    """Write a page if it changed, so that Sphinx reads only what is new."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
