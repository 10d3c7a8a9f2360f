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

from live_server import KEY, PACKAGE, PATIENCE, PROGRAM, LiveApp, LiveServer

BLOCKS = dict(re.findall(r"^```(?:python|sh) (\S+)\n(.*?)^```$", (PACKAGE / "README.md").read_text(), re.M | re.S))


class Readme(unittest.TestCase):
    server: LiveServer
    token: str

    @classmethod
    def setUpClass(cls) -> None:
        cls.server = cls.enterClassContext(LiveServer())
        cls.token = cls.server.token("--sub", "alice", "--project", "123")

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name, text in BLOCKS.items():
            (self.folder / name).write_text(text)

    def run_script(self, name: str) -> str:
        return subprocess.run(
            [sys.executable, self.folder / name],
            env={**os.environ, "FANFARE_URL": self.server.url, "FANFARE_KEY": KEY, "FANFARE_TOKEN": self.token},
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
        ).stdout

    def test_all_blocks_are_known(self) -> None:
        python = ["app.py", "background.py", "blocking.py", "conftest.py", "first.py", "listening.py", "options.py", "test_app.py"]
        self.assertEqual(sorted(BLOCKS), [*python, "testing"])

    def test_first(self) -> None:
        said = self.run_script("first.py")
        event = self.server.history("project:123")[-1]
        self.assertEqual((said, event["data"]["changes"]), (f"published {event['id']}\n", {"name": "Atlas"}))

    def test_blocking_and_listening(self) -> None:
        self.assertRegex(self.run_script("blocking.py"), "^published ")
        self.assertEqual(self.run_script("listening.py"), "project.updated {'project_id': '123', 'changes': {'name': 'Atlas'}}\n")

    def test_background(self) -> None:
        first, second = self.run_script("background.py").splitlines()
        self.assertRegex(first, "^queued ")
        self.assertRegex(second, r"^project\.updated Published\(id='%s'" % first.split()[1])

    def test_options(self) -> None:
        self.assertEqual(self.run_script("options.py"), "published 2\n")
        closed = [event for event in self.server.history("project:123") if event["type"] == "issue.closed"]
        self.assertEqual([(event["data"]["number"], event["source"]) for event in closed], [(4, "/billing"), (8, "/billing")])

    def test_app(self) -> None:
        with LiveApp("app:app", self.folder, self.server.url) as app:
            event = httpx.delete(app.url + "/projects/77", timeout=PATIENCE).json()["event"]
        self.assertEqual([item["id"] for item in self.server.history("project:77")], [event])

    def test_testing(self) -> None:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("FANFARE_")}
        environment["PATH"] = f"{os.path.dirname(sys.executable)}:{environment['PATH']}"
        command = BLOCKS["testing"].replace("build/release/bin/fanfare", PROGRAM)
        ran = subprocess.run(
            ["bash", "-euc", command], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=PATIENCE
        )
        self.assertRegex(ran.stdout, "2 passed", ran.stderr)


if __name__ == "__main__":
    unittest.main()
