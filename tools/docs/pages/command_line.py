"""docs/reference/cli.md: the program's own help, command by command."""
import re

from .program import GENERATED, Program

INTRODUCTION = """# Command line

What each command says to `--help`. Built programs are in `build/<preset>/bin`; `./dev build release` makes `build/release/bin/fanfare`.

"""


def subcommands(text: str) -> list[str]:
    listed = text.partition("\nSubcommands:\n")[2]
    return re.findall(r"^ {2}([a-z]+) ", listed, re.M)


def page(program: Program) -> str:
    out = [GENERATED, INTRODUCTION]
    waiting: list[list[str]] = [[]]
    while waiting:
        words = waiting.pop(0)
        text = program.run(*words, "--help")
        waiting[:0] = [[*words, name] for name in subcommands(text)]
        body = "\n".join(line.rstrip() for line in text.strip().splitlines())
        out.append(f"## {' '.join(['fanfare', *words])}\n\n```text\n{body}\n```\n\n")
    return "".join(out).rstrip("\n") + "\n"
