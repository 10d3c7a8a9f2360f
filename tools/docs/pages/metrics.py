"""docs/reference/metrics.md: every metric that the sources count. tests/docs/metrics.test.mjs holds the page to /metrics."""
import re

from .program import GENERATED, Program, root, table

INTRODUCTION = """# Metrics

`GET /metrics` has these in Prometheus' text format. A counter with a label, and those of features that are off, appear once they
have counted something. What to watch, and alerts: [the guide](../guide/metrics.md).

"""
NAMED = re.compile(r'"((?:fanfare|process)_[a-z_]+)"')
LITERAL = re.compile(r'"([^"]*)"')


def described() -> dict[str, tuple[str, list[str]]]:
    """Help and labels by name. A name is followed by its help, and that by its labels, where the metric is made."""
    found: dict[str, tuple[str, list[str]]] = {}
    sources = [*sorted((root / "src").rglob("*.cpp")), *sorted((root / "src").rglob("*.hpp"))]
    for file in sources:
        text = file.read_text()
        for name in NAMED.finditer(text):
            statement = re.split(r';|"fanfare_', text[name.end():], maxsplit=1)[0]
            if re.match(r"\s*[,)]*\s*\)", statement) or (not statement.lstrip().startswith(",") and "_help" not in text[name.end():name.end() + 120]):
                continue  # only looked up here
            help_text = LITERAL.search(text, name.end())[1]
            labels = re.findall(r'\{\{"([a-z_]+)",|(?<=\}), \{"([a-z_]+)",', statement)
            variable = re.search(r"(\w+) = $", text[:name.start()])
            if variable and not labels:
                labels = re.findall(rf'\({variable[1]}, \w+, \{{\{{"([a-z_]+)"()', text)
            found[name[1]] = (help_text, sorted({one or other for one, other in labels}))
    return found


def page(_: Program) -> str:
    rows = [[f"`{name}`", "counter" if name.endswith("_total") else "gauge", ", ".join(f"`{label}`" for label in labels) or "none",
             text.rstrip(".") + "."] for name, (text, labels) in sorted(described().items())]
    return GENERATED + INTRODUCTION + table(["metric", "type", "labels", "what it counts"], rows).rstrip("\n") + "\n"
