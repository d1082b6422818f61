"""The site is built: without a warning, every page within reach, and nothing in it asks another host for anything."""

import importlib.util
import os
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from forward_forward import recipes, results
from forward_forward.records import read_all

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
EXTENSIONS = DOCS / "extensions"

for needed in ("sphinx", "myst_parser", "furo"):
    pytest.importorskip(needed)

LOADS = {"href": {"link"}, "src": None, "srcset": None, "data": {"object"}, "poster": None}
"""What a browser fetches unasked: attribute → elements that do, None for any."""
HARMLESS = {"canonical", "alternate", "author", "help", "index", "next", "prev", "search"}


def extension(name):
    spec = importlib.util.spec_from_file_location(name, EXTENSIONS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Page(HTMLParser):
    """What a page loads, the pages it links to, and its own words."""

    def __init__(self, text):
        super().__init__()
        self.loaded, self.links, self.styles = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if "style" in given:
            self.styles.append(given["style"])
        if HARMLESS & set(given.get("rel", "").split()):
            return
        for attribute, tags in LOADS.items():
            if given.get(attribute) and (tags is None or tag in tags):
                self.loaded.append(given[attribute])


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Build it once, as `make docs` does."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-d"]
    command += [str(folder / "cache"), str(DOCS), str(folder / "html")]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert run.returncode == 0, run.stderr
    assert "WARNING" not in run.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site):
    return {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_nothing_is_loaded_from_another_host(site, pages):
    elsewhere = re.compile(r"(https?:)?//")
    loaded = {(path.name, what) for path, page in pages.items() for what in page.loaded}
    assert len(loaded) > 100
    assert not {(page, what) for page, what in loaded if elsewhere.match(what)}
    styles = [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    styles += [style for page in pages.values() for style in page.styles]
    assert not [s for s in styles if re.search(r"(@import|url\()\s*['\"]?(https?:)?//", s)]


def test_every_page_is_within_reach_of_the_first(site, pages):
    seen, waiting = set(), [site / "index.html"]
    while waiting:
        page = waiting.pop()
        if page in seen or page not in pages:
            continue
        seen.add(page)
        waiting += [
            (page.parent / link.partition("#")[0]).resolve()
            for link in pages[page].links
            if "://" not in link and link.partition("#")[0].endswith(".html")
        ]
    written = {
        (site / path.relative_to(DOCS)).with_suffix(".html").resolve()
        for path in DOCS.rglob("*.md")
    }
    assert len(written) > 60
    assert written <= seen


def test_no_link_leads_nowhere(site, pages):
    broken = []
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            if "://" in target or target.startswith("mailto:"):
                continue
            there = (path.parent / target).resolve() if target else path
            if there.suffix == ".html" and there not in pages:
                broken.append((path.name, link))
            elif anchor and there.suffix == ".html":
                text = there.read_text(encoding="utf-8")
                if f'id="{anchor}"' not in text:
                    broken.append((path.name, link))
    assert not broken


def test_pages_of_recipes_say_what_the_records_say(site):
    assert {path.stem for path in (site / "generated" / "recipes").glob("*.html")} == {
        "index", *recipes.names()
    }  # fmt: skip
    rows = results.summarize(
        read_all(ROOT / "records"), {name: recipes.find(name).claims for name in recipes.names()}
    )
    assert any(row["n"] for row in rows)
    for row in rows:
        page = site / "generated" / "recipes" / f"{row['recipe']}.html"
        text = re.sub(r"<[^>]+>", "", page.read_text(encoding="utf-8")).replace("\u00a0", " ")
        assert row["command"] in text
        assert row["verdict"] in unescape(text)
        assert row["mean"] is None or f"{results.show(row['metric'], row['mean'])} " in text
    assert "Rows whose slope is below rounding" in (
        site / "generated" / "recipes" / "author_program.html"
    ).read_text(encoding="utf-8")


def test_every_public_module_and_its_members_are_told_of(site):
    told = "".join(p.read_text("utf-8") for p in (site / "generated" / "api").glob("*.html"))
    for name in ("layers.local_layer.LocalLayer.learn", "goodness.sum_of_squares", "models.Model"):
        assert f'id="forward_forward.{name}"' in told


def test_signs_of_markup_never_reach_the_reader(site):
    """A docstring that reStructuredText reads in its own way leaves such traces."""
    text = "".join(p.read_text("utf-8") for p in (site / "generated" / "api").glob("*.html"))
    bare = re.sub(r"<pre>.*?</pre>|<[^>]+>", "", text, flags=re.DOTALL)
    assert "``" not in bare
    assert " -- " not in bare
    assert "Arguments:" not in bare
    assert ">>>" not in bare


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("Σ|y|ᵖ of `rows`, and y* of a_", r"Σ\|y\|ᵖ of ``rows``, and y\* of a\_"),
        ("may be `Claim`s", r"may be ``Claim``\ s"),
        ("units: U.", r"units: \U."),
    ],
)
def test_docstrings_are_plain_text(line, made):
    assert list(extension("plain_docstrings").restructured([line])) == [made]


def test_an_indented_block_is_code_and_a_section_is_none():
    lines = ["It is", "", "    y = x*x", "", "Arguments:", "    x: a *number*"]
    made = ["It is", "", "::", "", "    y = x*x", "", "Arguments:", r"    x: a \*number\*"]
    assert list(extension("plain_docstrings").restructured(lines)) == made


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("[a](docs/text.md#b) and [b](https://x.y)", "[a](../text.md#b) and [b](https://x.y)"),
        ("[log](LOG.md)", "[log](log.md)"),
        ("![p](docs/images/p.png)", "![p](../images/p.png)"),
        ("[records](records/)", "records"),
    ],
)
def test_links_are_bent_to_where_things_are_on_the_site(text, made):
    pages = extension("generated_pages")
    assert pages.relinked(text, ROOT, pages.GENERATED) == made
