#!/usr/bin/env python3
"""Holds the tree to the house's rules (CONTRIBUTING.md): who may include whom, sizes, names, mirrors.

usage: tidy.py [ROOT]   prints `path:line: fault`, one a line; exit code 1 when there is any.
A rule is a generator of faults over a Tree; tidy_test.py shows each of them fail.
"""

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterator

LEVELS = {
    "base": 0, "net": 1, "http": 2, "websocket": 3, "engineio": 4, "socketio": 5,
    "redis": 6, "history": 6, "domain": 6, "api": 7, "server": 8, "main": 9,
}
LIBRARY_TOP = 5  # floors above it see the library through <fanfare/…> alone
SIDEWAYS = {("domain", "history"), ("history", "redis")}  # the steps between floors of one level

LINES_MAX = 400
LINES_SUFFIXES = {".cpp", ".hpp", ".py", ".ts", ".tsx", ".js", ".mjs", ".sh"}
STEMS_MAX = 14
STEMS_WARN = 12
BANNED_WORDS = {"utils", "util", "manager", "helper", "helpers", "common"}

SKIPPED_FOLDERS = {".git", "build", "node_modules", "__pycache__", ".venv", ".cache", ".pytest_cache", "dist"}
BINARY_SUFFIXES = {".png", ".ico", ".gz", ".zst", ".bin", ".db", ".woff2"}
# A fuzz corpus is data as a peer might send it, not text of ours.
DATA_FOLDERS = ("tests/fuzz/corpus/",)

# src/<floor>/<stem>.cpp without a tests/unit/<floor>/<stem>_test.cpp of their own, and the test that runs them.
TESTED_ELSEWHERE = {
    "src/net/fd_watch.cpp": "tests/unit/net/tcp_stream_test.cpp",
    "src/net/tls_setup.cpp": "tests/unit/net/tls_stream_test.cpp",
    "src/net/tls_context.cpp": "tests/unit/net/tls_stream_test.cpp",
    "src/net/tls_client_context.cpp": "tests/unit/net/connector_test.cpp",
    "src/http/live_exchange.cpp": "tests/unit/http/connection_test.cpp",
    "src/http/open_count.cpp": "tests/unit/http/server_test.cpp",
    "src/http/shard.cpp": "tests/unit/http/server_test.cpp",
    "src/domain/catalogue/catalogue_table.cpp": "tests/unit/domain/catalogue/catalogue_test.cpp",
    "src/domain/access/jws_key.cpp": "tests/unit/domain/access/key_set_test.cpp",
    "src/server/command_line.cpp": "tests/interop/commands.test.mjs",
    "src/server/commands.cpp": "tests/interop/commands.test.mjs",
    "src/server/http_client.cpp": "tests/interop/commands.test.mjs",
    "src/server/listen_client.cpp": "tests/interop/commands.test.mjs",
    "src/api/answers.cpp": "tests/unit/api/route_table_test.cpp",
    "src/history/sqlite_reader.cpp": "tests/unit/history/log_test.cpp",
    "src/history/redis/redis_appender.cpp": "tests/unit/history/redis/redis_log_test.cpp",
    "src/history/redis/redis_follower.cpp": "tests/unit/history/redis/redis_log_test.cpp",
    "src/history/redis/redis_joiner.cpp": "tests/unit/history/redis/redis_log_test.cpp",
    "src/history/redis/redis_reader.cpp": "tests/unit/history/log_test.cpp",
    "src/server/history_commands.cpp": "tests/interop/commands.test.mjs",
    "src/server/dev_mode.cpp": "tests/interop/dev_mode.test.mjs",
    "src/server/serve.cpp": "tests/interop/lifecycle.test.mjs",
    "src/server/service/service.cpp": "tests/interop/lifecycle.test.mjs",
    "src/server/service/options.cpp": "tests/unit/server/service/service_test.cpp",
    "src/server/configuration/config_faults.cpp": "tests/unit/server/configuration/configuration_test.cpp",
    "src/main/main.cpp": "tests/interop/lifecycle.test.mjs",
}
for _format in ("asyncapi", "json_schema", "markdown", "python", "typescript"):
    TESTED_ELSEWHERE[f"src/domain/catalogue/format_{_format}.cpp"] = "tests/unit/domain/catalogue/catalogue_formats_test.cpp"

# Floors, and names of files, that take bytes and time in and give actions out (ARCHITECTURE.md, sans I/O). Asio's buffer
# types are not I/O: Beast's parser takes them.
SANS_IO_FLOORS = {"socketio", "history", "domain"}
SANS_IO_STEMS = ("_codec", "_fsm", "_assembler")
IO_INCLUDE = re.compile(r'#\s*include\s*<(boost/asio(?!/buffer)|sys/socket|sys/epoll|netinet/)')

NAMED_FILE = re.compile(r"`([a-z]+(?:/[a-z0-9_]+)+)`")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
# Spelt apart so that this file does not find itself.
UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
MACHINE_PATH = re.compile(r"(?<![\w.$}-])/(work|root|home/\w+|tmp/(helpers|build|bash_jobs))(/|\b)")
REGISTRY_HOST = re.compile(
    r"registry\.npm" r"js|registry\.yarn" r"pkg|pypi\." r"org|python" r"hosted|deb\.debian\." r"org|"
    r"node" r"source\.com|crates\." r"io|repo1\.mav" r"en|proxy\.golang\." r"org|_auth" r"Token")
LOCK_RESOLVED = re.compile(r'^\s*"resolved"\s*:')


@dataclass
class Tree:
    """The files of the repository, read once. Paths are relative, with forward slashes."""

    root: Path
    texts: dict = field(default_factory=dict)
    folders: set = field(default_factory=set)

    def __post_init__(self) -> None:
        for where, folders, files in os.walk(self.root):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS and not f.endswith(".egg-info"))
            here = Path(where).relative_to(self.root).as_posix()
            self.folders.add(here)
            for name in sorted(files):
                path = name if here == "." else f"{here}/{name}"
                if name == ".git" or Path(name).suffix in BINARY_SUFFIXES or path.startswith(DATA_FOLDERS):
                    continue
                self.texts[path] = (self.root / path).read_text(encoding="utf-8", errors="replace").splitlines()


@dataclass(frozen=True)
class Fault:
    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def floor_of(path: str) -> str | None:
    """The floor a file of src/ or include/fanfare/ lives on."""
    parts = path.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ["include", "fanfare"] and len(parts) > 3:
        return parts[2]
    return None


def may_include(source: str, target: str) -> bool:
    if source == target or (source, target) in SIDEWAYS:
        return True
    return LEVELS[source] > LEVELS[target]


def is_cpp(path: str) -> bool:
    return path.endswith((".cpp", ".hpp"))


def rule_includes(tree: Tree) -> Iterator[Fault]:
    """A file includes its own floor and those below; floors 6 and up reach the library by <fanfare/…> only."""
    for path, lines in tree.texts.items():
        source = floor_of(path)
        if source is None or not is_cpp(path):
            continue
        if source not in LEVELS:
            yield Fault(path, 1, f"no floor is called {source}")
            continue
        for number, line in enumerate(lines, 1):
            match = INCLUDE.match(line)
            if match:
                yield from include_faults(path, number, source, *match.groups())


def include_faults(path: str, number: int, source: str, mark: str, target_path: str) -> Iterator[Fault]:
    parts = target_path.split("/")
    if mark == "<":
        if parts[0] != "fanfare" or len(parts) < 3:
            return
        target = parts[1]
    else:
        target = parts[0]
        if len(parts) < 2 or target not in LEVELS:
            yield Fault(path, number, f'"{target_path}": private headers are written "<floor>/<file>.hpp"')
            return
        if path.startswith("include/"):
            yield Fault(path, number, f'a public header includes the private "{target_path}"')
            return
        if LEVELS[source] > LIBRARY_TOP >= LEVELS[target]:
            yield Fault(path, number, f'floor {source} reaches the library by <fanfare/…> only, not "{target_path}"')
    if target not in LEVELS:
        yield Fault(path, number, f"no floor is called {target}")
    elif not may_include(source, target):
        yield Fault(path, number, f"floor {source} may not include floor {target}")


def rule_sans_io(tree: Tree) -> Iterator[Fault]:
    """Codecs, state machines and the floors that are logic alone include no I/O."""
    for path, lines in tree.texts.items():
        floor = floor_of(path)
        if floor is None or not is_cpp(path):
            continue
        if floor not in SANS_IO_FLOORS and not Path(path).stem.endswith(SANS_IO_STEMS):
            continue
        for number, line in enumerate(lines, 1):
            if IO_INCLUDE.search(line):
                yield Fault(path, number, "sans-I/O: takes bytes and time in and gives actions out")


def rule_line_count(tree: Tree) -> Iterator[Fault]:
    for path, lines in tree.texts.items():
        generated = any("generated by" in line.lower() for line in lines[:3])
        if Path(path).suffix in LINES_SUFFIXES and len(lines) > LINES_MAX and not generated:
            yield Fault(path, len(lines), f"{len(lines)} lines; at most {LINES_MAX}")


def stems_by_folder(tree: Tree) -> dict:
    folders: dict = {}
    for path in tree.texts:
        if is_cpp(path) and not path.startswith("tests/fuzz/"):
            folders.setdefault(os.path.dirname(path), set()).add(Path(path).stem)
    return folders


def rule_stem_count(tree: Tree) -> Iterator[Fault]:
    for folder, stems in stems_by_folder(tree).items():
        if len(stems) > STEMS_MAX:
            yield Fault(folder, 1, f"{len(stems)} stems; at most {STEMS_MAX}: part the folder")


def rule_names(tree: Tree) -> Iterator[Fault]:
    """A file is named after the class or codec in it; these words name nothing."""
    for path in tree.texts:
        banned = BANNED_WORDS & set(re.split(r"[_.\-]", Path(path).name.lower()))
        if banned:
            yield Fault(path, 1, f"the name says nothing: {', '.join(sorted(banned))}")
        if is_cpp(path) and not re.fullmatch(r"[a-z0-9_]+", Path(path).stem):
            yield Fault(path, 1, "file names are snake_case")


def rule_floor_readme(tree: Tree) -> Iterator[Fault]:
    floors = {path.split("/")[1] for path in tree.texts if path.startswith("src/") and is_cpp(path)}
    for floor in sorted(floors):
        if f"src/{floor}/README.md" not in tree.texts:
            yield Fault(f"src/{floor}", 1, "no README.md: what enters, what leaves, what is forbidden, reading order")


def rule_unit_tests(tree: Tree) -> Iterator[Fault]:
    for path in tree.texts:
        if path.startswith("src/") and path.endswith(".cpp"):
            own = "tests/unit/" + path[len("src/"):-len(".cpp")] + "_test.cpp"
            if own not in tree.texts and TESTED_ELSEWHERE.get(path) not in tree.texts:
                yield Fault(path, 1, f"no {own}")


def rule_named_files(tree: Tree) -> Iterator[Fault]:
    """What ARCHITECTURE.md and the decisions call `<floor>/<file>` is there."""
    known = set(tree.folders)
    for path in tree.texts:
        known.add(os.path.splitext(path)[0])
    for path, lines in tree.texts.items():
        if path != "ARCHITECTURE.md" and not path.startswith("docs/"):
            continue
        for number, line in enumerate(lines, 1):
            for name in NAMED_FILE.findall(line):
                if name.split("/")[0] in LEVELS and not {f"src/{name}", f"include/fanfare/{name}"} & known:
                    yield Fault(path, number, f"names {name}, which is not there")


def rule_unfinished(tree: Tree) -> Iterator[Fault]:
    for path, lines in tree.texts.items():
        for number, line in enumerate(lines, 1):
            if UNFINISHED.search(line):
                yield Fault(path, number, "unfinished work is an issue, not a remark")


def rule_hosts(tree: Tree) -> Iterator[Fault]:
    """The repository names no machine it was written on and no registry it was fetched from."""
    for path, lines in tree.texts.items():
        locked = path.endswith("package-lock.json")
        for number, line in enumerate(lines, 1):
            if REGISTRY_HOST.search(line) or (locked and LOCK_RESOLVED.match(line)):
                yield Fault(path, number, "names a package registry")
            elif MACHINE_PATH.search(line):
                yield Fault(path, number, "names a path of one machine")


RULES = [rule_includes, rule_sans_io, rule_line_count, rule_stem_count, rule_names, rule_floor_readme,
         rule_unit_tests, rule_named_files, rule_unfinished, rule_hosts]


def main(arguments: list) -> int:
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    tree = Tree(root)
    for folder, stems in sorted(stems_by_folder(tree).items()):
        if STEMS_WARN < len(stems) <= STEMS_MAX:
            print(f"{folder}: {len(stems)} stems, close to the limit of {STEMS_MAX}")
    faults = [fault for rule in RULES for fault in rule(tree)]
    for fault in faults:
        print(fault)
    print(f"tidy: {len(tree.texts)} files, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
