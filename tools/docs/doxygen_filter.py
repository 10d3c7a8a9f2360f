#!/usr/bin/env python3
"""A header as Doxygen should read it: what stands behind a declaration, `int size;  // bytes`, is said of that declaration."""
import re
import sys
from pathlib import Path

BEHIND = re.compile(r"^(\s*[^/\s].*?[;,{}])\s+//\s+(?!NOLINT|clang-format)(\S.*)$")


def filtered(text: str) -> str:
    return "\n".join(BEHIND.sub(r"\1  ///< \2", line) for line in text.split("\n"))


if __name__ == "__main__":
    sys.stdout.write(filtered(Path(sys.argv[1]).read_text()))
