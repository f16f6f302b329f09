"""Settings of the documentation's site: ``sphinx-build -W docs docs/_build`` builds it, without a network."""

import importlib.metadata
import sys
import warnings
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "tools"))

import accessible  # noqa: E402
import pages  # noqa: E402

project = "ferbench"
author = "the developers of ferbench"
release = importlib.metadata.version("ferbench")
project_copyright = author

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "gallery", "gallery.md", "tools"]
templates_path = ["_templates"]
myst_heading_anchors = 3

autosummary_imported_members = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {
    "inherited-members": "BaseEstimator,ClassifierMixin,TransformerMixin,RegressorMixin,object,tuple,Protocol"
}
# Attributes such as `name` exist in several classes; a docstring that lists one is not a link to another.
suppress_warnings = ["ref.python"]
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

sphinx_gallery_conf: dict[str, Any] = {
    "examples_dirs": "gallery",
    "gallery_dirs": "generated/gallery",
    "filename_pattern": r"plot_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "remove_config_comments": True,
    # The page of computation times loads a script from the network.
    "write_computation_times": False,
    "min_reported_time": 1e9,
    "show_signature": False,
    "image_srcset": ["2x"],
}
# Sphinx keeps the functions of the gallery's settings between builds by their repr.
warnings.filterwarnings("ignore", category=DeprecationWarning, module="sphinx_gallery")

html_theme = "furo"
html_title = "ferbench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "sidebar_hide_name": False,
    "light_css_variables": {"color-brand-primary": "#005f99", "color-brand-content": "#005f99"},
    "dark_css_variables": {"color-brand-primary": "#6fb7e9", "color-brand-content": "#6fb7e9"},
}


def setup(app: Any) -> None:
    """Write the generated pages before Sphinx looks for its sources, adapt links to the site, and mend its HTML."""
    app.connect("config-inited", lambda *_: pages.write_generated(HERE))
    app.connect("source-read", pages.adapt_page)
    app.connect("autodoc-skip-member", pages.skip_member)
    app.connect("build-finished", accessible.after_build)
