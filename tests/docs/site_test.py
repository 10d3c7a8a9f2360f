"""Builds the site with --strict; then each link of each page leads to a page and an anchor that are there, and no page names
anything to load from another host."""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

root = Path(__file__).resolve().parent.parent.parent

# What a browser loads by itself, by tag and attribute; of <link> not what is only told, as rel=next.
LOADED = {("script", "src"), ("img", "src"), ("img", "srcset"), ("source", "src"), ("source", "srcset"), ("iframe", "src"),
          ("video", "src"), ("audio", "src"), ("embed", "src"), ("object", "data"), ("use", "href"), ("input", "src")}
LOADED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}
CSS_LOADS = re.compile(r"""(?:url\(\s*["']?|@import\s+["'])([^"')]+)""")


class Page(HTMLParser):
    """A page's links, what it loads, its anchors and its styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.styles = ""
        self._in_style = False
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        given = {name: value or "" for name, value in attributes}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        self.styles += given.get("style", "") + "\n"
        self._in_style = tag == "style"
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "link" and LOADED_LINKS & set(given.get("rel", "").split()):
            self.loads.append(given["href"])
        self.loads += [given[name] for name in given if (tag, name) in LOADED]

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles += data


def target_of(site: Path, page: Path, url: str) -> Path:
    path = unquote(urlsplit(url).path)
    place = Path(os.path.normpath(site / path.lstrip("/") if path.startswith("/") else page.parent / path))
    if not path:
        return page
    return place / "index.html" if path.endswith("/") or place.is_dir() else place


class Site(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        folder = tempfile.TemporaryDirectory(prefix="fanfare-site-")
        cls.addClassCleanup(folder.cleanup)
        cls.site = Path(folder.name)
        built = subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder.name], cwd=root,
            env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True)
        assert built.returncode == 0, built.stderr
        cls.pages = {path: Page(path.read_text()) for path in sorted(cls.site.rglob("*.html"))}

    def test_pages_of_the_repository_are_there(self) -> None:
        for path in ("index.html", "sdk/python/index.html", "guide/server/index.html", "reference/events/index.html"):
            self.assertIn(self.site / path, self.pages)

    def test_every_page_of_docs_is_in_the_navigation_or_linked(self) -> None:
        linked = {target_of(self.site, page, link).resolve() for page, read in self.pages.items()
                  for link in read.links if not urlsplit(link).scheme}
        for path in self.pages:
            if path.name != "404.html":
                self.assertIn(path.resolve(), linked, "no link leads there")

    def test_links_lead_somewhere(self) -> None:
        faults = []
        for page, read in self.pages.items():
            for link in read.links:
                parts = urlsplit(link)
                if parts.scheme or parts.netloc:
                    self.assertIn(parts.scheme, ("https", "http", "mailto"), link)
                    continue
                target = target_of(self.site, page, link)
                if not target.exists():
                    faults.append(f"{page.relative_to(self.site)}: {link}: no such page")
                elif parts.fragment and parts.fragment not in self.pages[target].anchors:
                    faults.append(f"{page.relative_to(self.site)}: {link}: no such anchor")
        self.assertEqual(faults, [])

    def test_nothing_comes_from_another_host(self) -> None:
        faults = []
        for page, read in self.pages.items():
            for url in read.loads + CSS_LOADS.findall(read.styles):
                parts = urlsplit(url)
                if parts.scheme not in ("", "data") or parts.netloc:
                    faults.append(f"{page.relative_to(self.site)}: {url}")
                elif not parts.scheme and not target_of(self.site, page, url).exists():
                    faults.append(f"{page.relative_to(self.site)}: {url}: no such file")
        for sheet in self.site.rglob("*.css"):
            faults += [f"{sheet.name}: {url}" for url in CSS_LOADS.findall(sheet.read_text()) if urlsplit(url).netloc]
        self.assertEqual(faults, [])

    def test_diagrams_are_drawn(self) -> None:
        """Those of ARCHITECTURE.md."""
        text = (self.site / "ARCHITECTURE/index.html").read_text()
        self.assertEqual(text.count('<svg class="diagram"'), 2)
        self.assertNotIn("flowchart", text)


if __name__ == "__main__":
    unittest.main()
