"""docs/reference/errors.md: the rows of the source's one table of errors, with cause and cure from error_codes.toml."""
import re
import tomllib
from dataclasses import dataclass

from .program import GENERATED, Program, root, source_with, table

INTRODUCTION = """# Error codes

A program reads the code; the message is for people. The same code comes:

{places}One code may have several rows: they differ in what a metric counts them as (`cause` and the like) and in the HTTP status. What people
see in browsers and logs, from symptom to cure: [troubleshooting](../guide/troubleshooting.md).

"""
PLACES = [
    ("over HTTP", "`code` of the problem (`application/problem+json`). What HTTP itself refuses, before any route is asked, has a `title` and a "
                  "`detail` alone: 400, 408, 413, 414, 431"),
    ("when a client connects", "`error.data.code` of `connect_error`, one of: CODES"),
    ("in a command's ack", "`error.code` of `{ok: false, error: {code, message}}`"),
    ("as an event", "`data.code` of `connection.error`: a command without an ack that failed, or the token's end"),
]


@dataclass
class Row:
    name: str
    code: str
    label: str
    status: str
    message: str


def rows() -> list[Row]:
    text = source_with("error_row{errc::")
    found = re.findall(r'error_row\{errc::(\w+), "(\w+)", "(\w+)", (\d+), \d+,\s*"([^"]*)"\}', text)
    if len(found) != text.count("error_row{errc::"):
        raise RuntimeError("the table of errors is written in a way that this does not read")
    return [Row(*one) for one in found]


def connect_codes() -> list[str]:
    switch = re.search(r"std::string_view connect_code\(errc code\) \{(.*?)\n\}", source_with("std::string_view connect_code(errc code)"), re.S)[1]
    return re.findall(r"case errc::(\w+):", switch) + ["internal"]


def engine_messages() -> list[str]:
    listed = re.search(r"constexpr std::string_view messages\[\] = \{(.*?)\};", source_with('"Session ID unknown"'), re.S)[1]
    return re.findall(r'"([^"]+)"', listed)


def explained(part: str, names: list[str]) -> dict[str, dict[str, str]]:
    """The causes and cures of one part of the data file, which has one for each name and no others."""
    told = tomllib.loads((root / "tools/docs/error_codes.toml").read_text())[part]
    missing, extra = set(names) - set(told), set(told) - set(names)
    if missing or extra:
        raise RuntimeError(f"error_codes.toml, {part}: without cause and cure: {sorted(missing)}; not in the sources: {sorted(extra)}")
    for name, one in told.items():
        if set(one) != {"cause", "cure"} or not all(one.values()):
            raise RuntimeError(f"error_codes.toml, {part}.{name}: needs a cause and a cure, and nothing else")
    return told


def page(_: Program) -> str:
    table_rows = rows()
    told = explained("errors", [row.name for row in table_rows])
    events = explained("events", re.findall(r'"connection\.error", \{\{"code", "(\w+)"\}', source_with('"connection.error", {{"code", "token_expiring"}')))
    engine = explained("engine", [str(number) for number in range(len(engine_messages()))])
    codes = ", ".join(f"[`{code}`](#{code})" for code in connect_codes())
    out = GENERATED + INTRODUCTION.replace("{places}", table(["where", "as"], [[where, what.replace("CODES", codes)] for where, what in PLACES]))
    by_code: dict[str, list[Row]] = {}
    for row in table_rows:
        by_code.setdefault(row.code, []).append(row)
    for code, same in by_code.items():
        out += f"## {code}\n\n"
        for row in same:
            if len(same) > 1:
                out += f"### {code}: {row.label}\n\n" if row.label != code else f"### {code} itself\n\n"
            out += f"“{row.message}” HTTP {row.status}, counted as `{row.label}`.\n\n"
            out += f"- **Cause:** {told[row.name]['cause']}\n- **Cure:** {told[row.name]['cure']}\n\n"
    for code, one in events.items():
        out += f"## {code}\n\nOnly in the event `connection.error`.\n\n- **Cause:** {one['cause']}\n- **Cure:** {one['cure']}\n\n"
    out += "## Of Engine.IO\n\nWhat the protocol itself refuses is HTTP 400 (403 for code 4) with the body `{\"code\": …, \"message\": …}`.\n\n"
    out += table(["code", "message", "cause", "cure"],
                 [[number, message, engine[number]["cause"], engine[number]["cure"]]
                  for number, message in ((str(at), text) for at, text in enumerate(engine_messages()))])
    return out.rstrip("\n") + "\n"
