"""docs/reference/configuration.md and fanfare.toml: every key."""
import re

from .program import GENERATED, Program, table

INTRODUCTION = """# Configuration

Every key, with its default. The same as a commented file: [fanfare.toml](fanfare.toml), which `fanfare config --default` prints.

A value comes from the file that `--config FILE` or `FANFARE_CONFIG` names, then from the environment, then from flags: the later one
counts. In the environment a key is written in capitals behind `FANFARE_`, with two underscores for the dot: `auth.secret` is
`FANFARE_AUTH__SECRET`. [Environment variables](../guide/environment.md) has lists and tables. Unknown keys are errors. Paths in a file
count from where that file is. Keys that are *reloadable* are read again at SIGHUP; the others need a restart.

"""


def toml(program: Program) -> str:
    return program.run("config", "--default")


def rows_of(program: Program) -> list[list[str]]:
    """Key, default, variable and meaning of each."""
    return [re.split(r"(?<!\\) \| ", line.strip("| "), maxsplit=3) for line in program.run("config", "--reference").splitlines()[2:]]


def page(program: Program) -> str:
    sections: dict[str, list[list[str]]] = {}
    for row in rows_of(program):
        sections.setdefault(row[0].strip("`").split(".")[0], []).append(row)
    body = "".join(f"## {name}\n\n" + table(["key", "default", "environment", "meaning"], rows) for name, rows in sections.items())
    return GENERATED + INTRODUCTION + body.rstrip("\n") + "\n"
