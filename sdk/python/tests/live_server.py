"""`fanfare serve` as a process of its own, and what tests ask of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx

HERE = Path(__file__).resolve().parent
PACKAGE = HERE.parent
PROGRAM = os.environ.get("FANFARE_PROGRAM") or str(PACKAGE.parent.parent / "build/debug/bin/fanfare")
SECRET = "a secret of the python tests, 32+ bytes"
KEY = "a-service-key-of-the-python-tests"
#: Generous: a wait that ends early ends at its event, this is only for a machine with too much to do.
PATIENCE = 60.0


class Process:
    """A child whose output says where it listens; leaving the block ends it."""

    def __init__(self, command: list[str], environment: dict[str, str], announces: str) -> None:
        self._process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        seen = ""
        for line in self._process.stdout:
            seen += line
            if found := re.search(announces, line):
                self.url = found[1].rstrip("/")
                return
        raise RuntimeError(f"{command} ended with {self._process.wait()}:\n{seen}")

    def terminate(self) -> None:
        """SIGTERM, and no waiting."""
        self._process.terminate()

    def kill(self) -> None:
        """SIGKILL, and the end."""
        self._process.kill()
        self._process.communicate()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


class LiveServer(Process):
    """`settings` are configuration keys with `__` for the dot: server__drain_ms=0."""

    def __init__(self, **settings: object) -> None:
        settings = {"auth__secret": SECRET, "publish__keys": KEY, "server__drain_ms": 0, "log__level": "off", **settings}
        self._environment = {f"FANFARE_{key.upper()}": str(value) for key, value in settings.items()}
        super().__init__(
            [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--workers", "2"],
            self._environment,
            r"^fanfare listening on (http://\S+)",
        )

    def token(self, *arguments: str) -> str:
        return subprocess.run(
            [PROGRAM, "token", *arguments],
            env={**os.environ, **self._environment},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()

    def history(self, room: str) -> list[dict[str, Any]]:
        """All that the room has had, oldest first."""
        answer = httpx.get(
            f"{self.url}/api/v1/rooms/{quote(room, safe='')}/history?limit=1000",
            headers={"Authorization": f"Bearer {KEY}"},
            timeout=PATIENCE,
        )
        answer.raise_for_status()
        events: list[dict[str, Any]] = answer.json()["events"]
        return events


class LiveApp(Process):
    """An ASGI application under uvicorn, publishing to the given server."""

    def __init__(self, app: str, folder: Path, server: str) -> None:
        command = [sys.executable, "-m", "uvicorn", app, "--app-dir", str(folder), "--port", "0"]
        environment = {"FANFARE_URL": server, "FANFARE_KEY": KEY}
        super().__init__(command, environment, r"Uvicorn running on (http://\S+)")
