"""docs/reference/events.md: the catalogue, as the program writes it."""
from .program import Program


def markdown(program: Program) -> str:
    return program.run("events", "--format", "markdown")
