#!/usr/bin/env python3
"""Builds the site of each release, and of what is checked out, side by side: each in a folder of its own, with a selector in the head of every page.

usage: versions.py [--site FOLDER] [--repository FOLDER]   FOLDER is build/site by default

Releases are the tags vMAJOR.MINOR.PATCH; of each MAJOR.MINOR the newest counts. What is checked out is `next`. The root leads to the newest release,
or to `next` while there is none. All are built by the mkdocs that runs this, each by the hooks and the configuration that it had."""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

root = Path(__file__).resolve().parent.parent.parent
TAG = re.compile(r"v(\d+)\.(\d+)\.(\d+)")

REDIRECT = """<!doctype html>
<meta charset="utf-8">
<title>Fanfare</title>
<meta http-equiv="refresh" content="0; url={to}/">
<a href="{to}/">Fanfare {to}</a>
"""


def releases(tags: list[str]) -> dict[str, str]:
    """The newest tag of each MAJOR.MINOR, newest first."""
    found = sorted((tuple(map(int, match.groups())), tag) for tag in tags if (match := TAG.fullmatch(tag)))
    newest = {f"{number[0]}.{number[1]}": tag for number, tag in found}
    return dict(reversed(newest.items()))


def listed(names: list[str], newest: str) -> list[dict]:
    """versions.json, as the theme's selector reads it."""
    return [{"version": name, "title": name, "aliases": ["latest"] if name == newest else []} for name in names]


def git(repository: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True, text=True).stdout


def build(source: Path, to: Path) -> None:
    """The site of one tree. Its mkdocs.yml is kept; the selector is switched on beside it. (With --quiet, --strict finds nothing.)"""
    settings = source / ".versioned.yml"
    settings.write_text("INHERIT: mkdocs.yml\nextra:\n  version:\n    provider: mike\n")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mkdocs", "build", "--strict", "--config-file", str(settings), "--site-dir", str(to)],
            cwd=source, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True)
    finally:
        settings.unlink()
    if done.returncode != 0:
        raise SystemExit(f"{source}: mkdocs ended with {done.returncode}\n{done.stdout}{done.stderr}")


def build_all(repository: Path, site: Path) -> list[str]:
    tags = releases(git(repository, "tag", "--list").split())
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    for name, tag in tags.items():
        with tempfile.TemporaryDirectory(prefix="fanfare-docs-") as folder:
            tree = Path(folder, "tree")
            git(repository, "worktree", "add", "--detach", str(tree), tag)
            try:
                modules = tree / "tools/docs/node_modules"  # what draws the diagrams: installed once, here
                if not modules.exists():
                    modules.symlink_to(root / "tools/docs/node_modules")
                build(tree, site / name)
            finally:
                git(repository, "worktree", "remove", "--force", str(tree))
    build(repository, site / "next")
    names = [*tags, "next"]
    (site / "versions.json").write_text(json.dumps(listed(names, names[0]), indent=1) + "\n")
    (site / "index.html").write_text(REDIRECT.format(to=names[0]))
    return names


def main() -> None:
    parser = argparse.ArgumentParser(description="Builds the site of each release side by side.")
    parser.add_argument("--site", type=Path, default=root / "build/site")
    parser.add_argument("--repository", type=Path, default=root)
    given = parser.parse_args()
    names = build_all(given.repository.resolve(), given.site.resolve())
    print(f"built: {given.site}/index.html with {', '.join(names)}")


if __name__ == "__main__":
    main()
