"""How the site is built: sphinx, myst and furo; nothing is run while it is built but imports and `--help`."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "extensions"), str(HERE.parent / "src")]

from forward_forward import __version__  # noqa: E402

project = "forward-forward"
author = "The forward-forward authors"
copyright = "the forward-forward authors"
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "plain_docstrings",
    "generated_pages",
]
exclude_patterns = ["extensions"]
default_role = "code"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True

myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_param = False  # so that "pos, neg: …" stays two names
napoleon_use_rtype = False
napoleon_use_ivar = True

# What is not ours is not on the site, and pages of others are not asked; what is private is not told of.
nitpick_ignore_regex = [("py:.*", r"(?!forward_forward\.).*"), ("py:.*", r".*\._\w+")]
TYPE_VARIABLES = ("reproduce.Kind", "spec.Part")
nitpick_ignore = [("py:class", f"forward_forward.{name}") for name in TYPE_VARIABLES]

html_theme = "furo"
pygments_style, pygments_dark_style = "default", "github-dark"
html_title = f"forward-forward {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_copy_source = False
html_theme_options = {"navigation_with_keys": True}
