"""The README's Python, run as it stands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import httpx

from live_server import KEY, PACKAGE, PATIENCE, LiveApp, LiveServer

BLOCKS = dict(re.findall(r"^```python (\S+)\n(.*?)^```$", (PACKAGE / "README.md").read_text(), re.M | re.S))


class Readme(unittest.TestCase):
    server: LiveServer

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in BLOCKS.items():
            (self.folder / name).write_text(text)

    def run_script(self, name: str) -> str:
        return subprocess.run(
            [sys.executable, self.folder / name],
            env={**os.environ, "FANFARE_URL": self.server.url, "FANFARE_KEY": KEY},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        ).stdout

    def test_all_blocks_are_known(self) -> None:
        self.assertEqual(sorted(BLOCKS), ["app.py", "first.py", "options.py"])

    def test_first(self) -> None:
        said = self.run_script("first.py")
        (event,) = [event for event in self.server.history("project:123") if event["type"] == "project.updated"]
        self.assertEqual((said, event["data"]["changes"]), (f"published {event['id']}\n", {"name": "Atlas"}))

    def test_options(self) -> None:
        self.assertEqual(self.run_script("options.py"), "published 2\n")
        closed = [event for event in self.server.history("project:123") if event["type"] == "issue.closed"]
        self.assertEqual([(event["data"]["number"], event["source"]) for event in closed], [(4, "/billing"), (8, "/billing")])

    def test_app(self) -> None:
        with LiveApp("app:app", self.folder, self.server.url) as app:
            event = httpx.delete(app.url + "/projects/77", timeout=PATIENCE).json()["event"]
        self.assertEqual([item["id"] for item in self.server.history("project:77")], [event])


if __name__ == "__main__":
    unittest.main()
