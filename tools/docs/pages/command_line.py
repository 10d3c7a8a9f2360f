"""docs/reference/cli.md: the program's own help, command by command."""
from .help_text import commands
from .program import GENERATED, Program

INTRODUCTION = """# Command line

What each command says to `--help`. Built programs are in `build/<preset>/bin`; `./dev build release` makes `build/release/bin/fanfare`.
[Manual pages and completions](../guide/server.md#manual-pages-and-completions) say the same.

"""


def page(program: Program) -> str:
    out = [GENERATED, INTRODUCTION]
    for command in commands(program):
        out.append(f"## {command.name}\n\n```text\n{command.text}\n```\n\n")
    return "".join(out).rstrip("\n") + "\n"
