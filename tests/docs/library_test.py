"""The library's reference: Doxygen reads every public header, and every public name is explained or speaks for itself."""
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

root = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(root / "tools/docs"))

import doxygen_filter  # noqa: E402

UNDOCUMENTED = re.compile(r"(?:Member (?P<member>.+) \((?P<kind>\w+)\) of \w+ (?P<owner>\S.*)|Compound (?P<compound>\S.*)) is not documented\.$")
#: Names that mean in a container, a result or an iterator what they mean in the standard library.
SPEAKING = {"size", "empty", "begin", "end", "data", "find", "contains", "erase", "at", "clear", "has_value", "value", "error", "reset", "swap"}


def speaks_for_itself(member: str, owner: str) -> bool:
    """Operators, constructors and destructors of what is explained, and the standard library's names."""
    name = re.match(r"(?:virtual )?(~?\w+|operator.*)", member)[1]
    return name.startswith(("operator", "~")) or name == re.sub(r"<.*", "", owner).strip().split("::")[-1] or name in SPEAKING


def read(output: str) -> str:
    """Runs Doxygen into a folder; gives its warnings."""
    settings = (root / "tools/docs/Doxyfile").read_text() + f"\nOUTPUT_DIRECTORY = {output}\nWARN_IF_UNDOCUMENTED = YES\nWARN_LOGFILE = {output}/warnings\n"
    subprocess.run(["doxygen", "-"], input=settings, cwd=root, check=True, capture_output=True, text=True)
    return Path(output, "warnings").read_text()


class Reference(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fanfare-library-"))
        cls.warnings = read(cls.folder).splitlines()

    def test_every_public_name_is_explained(self) -> None:
        missing = []
        for line in self.warnings:
            place, _, text = line.partition(": warning: ")
            found = UNDOCUMENTED.match(text)
            if not found:
                missing.append(line)
            elif not (found["member"] and speaks_for_itself(found["member"], found["owner"])):
                missing.append(f"{Path(place).relative_to(root) if place.startswith('/') else place}: {text}")
        self.assertEqual(missing, [])

    def test_it_has_the_library(self) -> None:
        names = {path.name for path in Path(self.folder, "library").glob("*.html")}
        self.assertLessEqual({"index.html", "classfanfare_1_1http_1_1server.html", "classfanfare_1_1socketio_1_1server.html",
                              "structfanfare_1_1http_1_1server__options.html"}, names)
        page = Path(self.folder, "library/structfanfare_1_1http_1_1server__options.html").read_text()
        self.assertIn("0: one per core", page)  # stands behind the declaration in the header


class Filter(unittest.TestCase):
    def test_what_stands_behind_a_declaration(self) -> None:
        self.assertEqual(doxygen_filter.filtered("  unsigned workers = 0;  // 0: one per core\n"), "  unsigned workers = 0;  ///< 0: one per core\n")
        for line in ("  // of its own", "  /// explained already", "  int a;  ///< explained", '  call("https://x");', "  int b;  // NOLINT(x)"):
            self.assertEqual(doxygen_filter.filtered(line), line)

    def test_what_speaks_for_itself(self) -> None:
        self.assertTrue(speaks_for_itself("size() const noexcept", "fanfare::object"))
        self.assertTrue(speaks_for_itself("result(T value)", "fanfare::result< T >"))
        self.assertTrue(speaks_for_itself("operator=(const object &)", "fanfare::object"))
        self.assertFalse(speaks_for_itself("read_body(body_reader next)=0", "fanfare::http::exchange"))


if __name__ == "__main__":
    unittest.main()
