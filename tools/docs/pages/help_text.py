"""What `--help` says, command by command, as data: for the page of the command line, the manual and the completions of shells."""
import re
from dataclasses import dataclass, field

from .program import Program

OPTION = re.compile(r"""
    (?P<names>-[\w-]+(?:,-[\w-]+)*|[a-z]+)              # -c,--config; of a positional its one name
    (?:\ (?P<type>[A-Z][A-Z:]*?(?=[\s=]|:\{|$)))?       # FILE
    (?::\{(?P<choices>[^}]*)\})?                        # {table,json-schema}
    (?:=(?P<default>\S+))?
    (?P<required>\ REQUIRED)?
    (?P<many>\ \.\.\.)?
    (?:\ Excludes:\ (?P<excludes>--[\w-]+))?
    (?:\ Needs:\ (?P<needs>--[\w-]+))?
""", re.X)
COLUMN = 30  # where descriptions begin


@dataclass
class Option:
    names: list[str]
    about: str
    type: str = ""
    choices: list[str] = field(default_factory=list)
    default: str = ""
    required: bool = False
    many: bool = False
    excludes: str = ""
    needs: str = ""
    one_of: bool = False  # exactly one of the command's options that have this must be given

    @property
    def takes_value(self) -> bool:
        return bool(self.type)


@dataclass
class Command:
    words: list[str]
    text: str
    about: str
    options: list[Option]
    positionals: list[Option]
    subcommands: list[str]

    @property
    def name(self) -> str:
        return " ".join(["fanfare", *self.words])


def subcommands(text: str) -> list[str]:
    listed = text.partition("\nSubcommands:\n")[2]
    return re.findall(r"^ {2}([a-z]+) ", listed, re.M)


def option(left: str, about: str) -> Option:
    found = OPTION.fullmatch(left)
    if not found:
        raise RuntimeError(f"what --help says is not understood: {left!r}")
    got = found.groupdict()
    return Option(got["names"].split(","), about, got["type"] or "", (got["choices"] or "").split(",") if got["choices"] else [],
                  got["default"] or "", bool(got["required"]), bool(got["many"]), got["excludes"] or "", got["needs"] or "")


def rows(lines: list[str]) -> list[tuple[str, str]]:
    """Left and right column; a long left one has its description on the next line."""
    out: list[tuple[str, str]] = []
    for line in lines:
        if line[:COLUMN].strip() == "":
            left, about = out.pop()
            out.append((left, f"{about} {line.strip()}".strip()))
            continue
        left, _, about = line.strip().partition("  ")
        if not about and line[COLUMN - 1:COLUMN] == " ":  # a left one that just fits
            left, about = line[:COLUMN].strip(), line[COLUMN:]
        out.append((left, about.strip()))
    return out


def parsed(words: list[str], text: str) -> Command:
    command = Command(words, text, text.splitlines()[0], [], [], subcommands(text))
    into, one_of = None, False
    block: list[str] = []

    def close() -> None:
        for left, about in rows(block) if into is not None else []:
            one = option(left, about)
            one.one_of = one_of
            into.append(one)
        block.clear()

    for line in text.splitlines()[1:]:
        if line.strip() in ("Options:", "Positionals:", "Subcommands:") or line.startswith("[Option Group"):
            close()
            into = {"Options:": command.options, "Positionals:": command.positionals}.get(line.strip())
        elif line.strip().startswith("[Exactly 1 of"):
            one_of = True
        elif line.strip() and into is not None:
            block.append(line)
    close()
    return command


def commands(program: Program) -> list[Command]:
    """All of them, each behind the one that it belongs to."""
    out: list[Command] = []
    waiting: list[list[str]] = [[]]
    while waiting:
        words = waiting.pop(0)
        text = "\n".join(line.rstrip() for line in program.run(*words, "--help").strip().splitlines())
        out.append(parsed(words, text))
        waiting[:0] = [[*words, name] for name in out[-1].subcommands]
    return out
