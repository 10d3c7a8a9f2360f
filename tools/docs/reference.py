#!/usr/bin/env python3
"""Writes the reference pages that are generated: from the program's own output and contracts, and from the tables of the sources.

usage: FANFARE_PROGRAM=…/fanfare reference.py [--check] [PAGE…]   a page is a path under docs; without one, all of them.
With --check nothing is written: what differs is printed, and the exit code is 1."""
import difflib
import os
import sys
from pathlib import Path

from pages import command_line, commands, completions, configuration, errors, events, http_api, limits, manual, metrics, socketio
from pages.program import Program, root

PAGES = {
    "reference/events.md": events.markdown,
    "reference/fanfare.toml": configuration.toml,
    "reference/configuration.md": configuration.page,
    "reference/http.md": http_api.page,
    "reference/socketio.md": socketio.page,
    "reference/cli.md": command_line.page,
    "reference/errors.md": errors.page,
    "reference/metrics.md": metrics.page,
    "reference/limits.md": limits.page,
    "guide/server.md": commands.in_guide,
    "../packaging/man/fanfare.1": manual.program_page,
    "../packaging/man/fanfare.toml.5": manual.configuration_page,
    "../packaging/completions/fanfare.bash": completions.bash,
    "../packaging/completions/_fanfare": completions.zsh,
    "../packaging/completions/fanfare.fish": completions.fish,
}


def main(arguments: list[str]) -> int:
    check = "--check" in arguments
    names = [name for name in arguments if name != "--check"] or list(PAGES)
    differing = 0
    with Program(os.environ.get("FANFARE_PROGRAM", str(root / "build/debug/bin/fanfare"))) as program:
        for name in names:
            file = root / "docs" / name
            before = file.read_text() if file.exists() else ""
            text = PAGES[name](program)
            if not check:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            elif text != before:
                differing = 1
                sys.stdout.writelines(difflib.unified_diff(
                    before.splitlines(True), text.splitlines(True), f"docs/{name}", "as it would be generated"))
    return differing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
