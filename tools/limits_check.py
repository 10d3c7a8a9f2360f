#!/usr/bin/env python3
"""Holds docs/reference/limits.md to the tree: each key, option, metric and test it names exists, and each bound that the
library's public headers offer has its row."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
sources = "".join(p.read_text() for folder in ("include", "src") for p in sorted((root / folder).rglob("*.[ch]pp")))
headers = "".join(p.read_text() for p in sorted((root / "include").rglob("*.hpp")))
config = (root / "src/server/configuration/config_table.cpp").read_text()
tests = {f"{suite}.{name}" for p in (root / "tests/unit").rglob("*.cpp")
         for suite, name in re.findall(r"^TEST(?:_F|_P)?\((\w+), (\w+)\)", p.read_text(), re.M)}
tests |= {f"interop: {name}" for p in (root / "tests/interop").glob("*.test.mjs")
          for name in re.findall(r'^test\("([^"]+)"', p.read_text(), re.M)}
attacks = set(re.findall(r'^(?:attack|test)\("([^"]+)"', (root / "tests/conformance/attack.test.mjs").read_text(), re.M))
tests |= {f"attack: {name}" for name in attacks}

faults = []
named = set()
rows = [line for line in (root / "docs/reference/limits.md").read_text().split("<!-- defaults")[0].splitlines() if line.startswith("| ")][1:]
for row in rows:
    bound, option, counted, reached = (cell.strip() for cell in row.strip("|").split("|"))
    for name in re.findall(r"`([^`]+)`", option):
        named.add(name)
        if f'"{name}"' not in config and not re.search(rf"\b{re.escape(name)}\b", sources):
            faults.append(f"{bound}: no key or option is called {name}")
    metric, *cause = re.findall(r"`(\w+)`", counted) or [""]
    for word in [metric, *cause]:
        if word and f'"{word}"' not in sources:
            faults.append(f"{bound}: nothing is counted as {word}")
    if reached not in tests:
        faults.append(f"{bound}: there is no test {reached}")

# Options that the program sets from one of its own keys have the key's row.
by_key = {"connections_max", "header_bytes_max", "target_bytes_max", "body_bytes_max", "message_bytes_max", "rooms_per_socket_max"}
for option in sorted(set(re.findall(r"\b(\w+_max) = \d", headers)) - named - by_key):
    faults.append(f"{option} of the public headers has no row")

print("\n".join(faults) or f"limits: {len(rows)} rows, 0 faults")
sys.exit(bool(faults))
