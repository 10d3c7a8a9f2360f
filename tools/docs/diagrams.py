"""An MkDocs hook: each ```mermaid block becomes SVG while the site is built, so that readers fetch no script for it."""
import functools
import pathlib
import re
import subprocess

script = pathlib.Path(__file__).with_name("diagrams.mjs")
FENCE = re.compile(r"^```mermaid\n(.*?)^```$", re.M | re.S)


@functools.cache
def svg_of(text: str) -> str:
    return subprocess.run(["node", script], input=text, capture_output=True, text=True, check=True).stdout


def on_page_markdown(markdown: str, **_: object) -> str:
    return FENCE.sub(lambda found: f'<div class="diagram">{svg_of(found[1])}</div>', markdown)
