"""The site of each release, side by side: a repository with two releases and a change after them, built, with a selector on every page."""
import json
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

root = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(root / "tools/docs"))

import versions  # noqa: E402

CONFIGURATION = """site_name: Fanfare
theme: {name: material, font: false}
extra: {generator: false}
hooks: [hook.py]
"""


class Releases(unittest.TestCase):
    def test_the_newest_of_each_minor_counts(self) -> None:
        tags = ["v0.1.0", "v0.10.0", "v0.9.3", "v0.9.12", "v1.0.0-rc1", "nightly", "v0.1.2"]
        self.assertEqual(list(versions.releases(tags).items()), [("0.10", "v0.10.0"), ("0.9", "v0.9.12"), ("0.1", "v0.1.2")])

    def test_the_first_is_the_latest(self) -> None:
        self.assertEqual(versions.listed(["0.2", "next"], "0.2")[0], {"version": "0.2", "title": "0.2", "aliases": ["latest"]})
        self.assertEqual(versions.listed(["next"], "next")[0]["aliases"], ["latest"])


class Site(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fanfare-versions-")))
        self.repository = self.folder / "repository"
        (self.repository / "docs").mkdir(parents=True)
        (self.repository / "tools/docs").mkdir(parents=True)
        (self.repository / "tools/docs/.keep").touch()
        (self.repository / "mkdocs.yml").write_text(CONFIGURATION)
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> None:
        who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
        subprocess.run(["git", "-C", str(self.repository), *who, *arguments], check=True, capture_output=True)

    def release(self, text: str, tag: str | None) -> None:
        (self.repository / "docs/index.md").write_text(f"# Fanfare\n\n{text}\n")
        (self.repository / "hook.py").write_text(f'def on_config(config):\n    config.copyright = "made by the hook of {text}"\n')
        self.git("add", "-A")
        self.git("commit", "--quiet", "-m", text)
        if tag:
            self.git("tag", tag)

    def test_each_release_as_it_was_and_what_is_checked_out(self) -> None:
        self.release("the first", "v0.1.0")
        self.release("the first, mended", "v0.1.1")
        self.release("the second", "v0.2.0")
        self.release("after it", None)
        (self.repository / "docs/index.md").write_text("# Fanfare\n\nnot committed\n")
        site = self.folder / "site"
        self.assertEqual(versions.build_all(self.repository, site), ["0.2", "0.1", "next"])

        read = {name: (site / name / "index.html").read_text() for name in ("0.2", "0.1", "next")}
        for name, text, hook in (("0.1", "the first, mended", "the first, mended"), ("0.2", "the second", "the second"), ("next", "not committed", "after it")):
            self.assertIn(f"<p>{text}</p>", read[name])
            self.assertIn(f"made by the hook of {hook}", read[name], "each by the hooks it had")
            self.assertIn('"version": {"provider": "mike"}', read[name], "the theme's selector")
        self.assertEqual([entry["version"] for entry in json.loads((site / "versions.json").read_text())], ["0.2", "0.1", "next"])
        self.assertEqual(re.search(r'url=(\S+)"', (site / "index.html").read_text())[1], "0.2/")
        self.assertEqual(subprocess.run(["git", "-C", str(self.repository), "status", "--short"], capture_output=True, text=True).stdout, " M docs/index.md\n",
                         "nothing is left in the repository")
        self.assertEqual(len(subprocess.run(["git", "-C", str(self.repository), "worktree", "list"], capture_output=True, text=True).stdout.splitlines()), 1)

    def test_without_a_release(self) -> None:
        self.release("only this", None)
        self.assertEqual(versions.build_all(self.repository, self.folder / "site"), ["next"])
        self.assertIn("url=next/", (self.folder / "site/index.html").read_text())

    def test_a_page_that_is_wrong_is_told(self) -> None:
        self.release("[a link](nowhere.md)", None)
        with self.assertRaisesRegex(SystemExit, "mkdocs ended with 1\n(?s:.*)nowhere.md"):
            versions.build_all(self.repository, self.folder / "site")


if __name__ == "__main__":
    unittest.main()
