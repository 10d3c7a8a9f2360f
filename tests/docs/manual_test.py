"""The manual pages read well and hold what --help and the configuration have; shells complete what there is; both are installed."""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

root = Path(__file__).resolve().parent.parent.parent
packaging = root / "packaging"
sys.path.insert(0, str(root / "tools/docs"))

from pages import configuration, help_text  # noqa: E402
from pages.program import Program  # noqa: E402

PROGRAM = os.environ["FANFARE_PROGRAM"]
PAGES = ("fanfare.1", "fanfare.toml.5")
COMMANDS = ["serve", "token", "publish", "listen", "events", "config", "history"]


def run(*command: str, **options: object) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def read(page: str) -> str:
    """As a terminal of 200 columns shows it, without bold and underlined."""
    shown = run("man", "-l", str(packaging / "man" / page), env={**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""})
    return re.sub("\x1b\\[[0-9;]*m", "", re.sub(".\b", "", shown))


class Manual(unittest.TestCase):
    def test_groff_and_mandoc_have_nothing_to_say_against_them(self) -> None:
        for page in PAGES:
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(packaging / "man" / page)],
                                  capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"})
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            said = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", str(packaging / "man" / page)], capture_output=True, text=True).stdout
            # A date of generation would change with each day, not with what the page says.
            self.assertEqual([line for line in said.splitlines() if "missing date" not in line], [])

    def test_every_command_and_option_is_there(self) -> None:
        shown = read("fanfare.1")
        for command in help_text.commands(Program(PROGRAM)):
            if not command.words or command.subcommands:
                continue
            begin = re.search(rf"^ +{re.escape(command.name)}$", shown, re.M)
            self.assertIsNotNone(begin, command.name)
            part = re.split(r"^ {0,3}\S", shown[begin.end():], maxsplit=1, flags=re.M)[0]
            self.assertIn(command.about, part)
            for one in command.options:
                if "--help" not in one.names:
                    self.assertRegex(part, rf"(?m)^ +{', '.join(one.names)}( {re.escape(one.type)})?( |$)" if one.type else ", ".join(one.names))
                    self.assertIn(one.about.split(";")[0], part)

    def test_every_key_is_there(self) -> None:
        shown = " ".join(read("fanfare.toml.5").split())
        rows = configuration.rows_of(Program(PROGRAM))
        self.assertGreater(len(rows), 50)
        for key, default, variable, _ in rows:
            self.assertIn(f"{key.strip('`').partition('.')[2]} = {default.strip('`')}", shown)
            self.assertIn(variable.strip("`"), shown)

    def test_its_examples_run(self) -> None:
        page = read("fanfare.1")
        lines = [line.strip() for line in page[page.index("\nEXAMPLES"):page.index("\nSEE ALSO")].splitlines() if line.strip().startswith("fanfare ")]
        default, check, serve, token, listen, publish = lines
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(PROGRAM, Path(folder, "fanfare"))
            environment = {name: text for name, text in os.environ.items() if not name.startswith("FANFARE_")}
            environment["PATH"] = f"{folder}:{environment['PATH']}"

            def typed(line: str) -> str:
                return run("bash", "-euc", line, cwd=folder, env=environment).strip()

            typed(default)
            file = Path(folder, "fanfare.toml")
            key = "a-service-key-of-yours"
            given = file.read_text().replace('secret = ""', 'secret = "at least thirty-two bytes that you keep"', 1)
            file.write_text(given.replace("keys = []", f'keys = ["{key}"]', 1))
            typed(check)
            with subprocess.Popen(["bash", "-euc", f"exec {serve} --listen 127.0.0.1:0"], cwd=folder, env=environment,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
                try:
                    said = next(line for line in server.stdout if line.startswith("fanfare listening on "))
                    environment["FANFARE_URL"] = said.split()[-1]
                    typed(publish.replace("KEY", key))
                    with subprocess.Popen(["bash", "-euc", f"exec {listen.replace('TOKEN', typed(token))}"], env=environment, cwd=folder, stderr=subprocess.DEVNULL,
                                          stdout=subprocess.PIPE, text=True) as listening:
                        self.assertIn('"name":"Atlas"', listening.stdout.readline())
                        listening.terminate()
                finally:
                    server.terminate()
                    server.stdout.read()


class Completions(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        Path(self.folder, "events.toml").touch()
        os.makedirs(Path(self.folder, "bin"))
        os.symlink(PROGRAM, Path(self.folder, "bin/fanfare"))
        self.environment = {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "HOME": self.folder, "LC_ALL": "C.UTF-8", "TERM": "dumb"}

    def complete(self, line: str) -> list[str]:
        raise NotImplementedError

    def check_all(self) -> None:
        self.assertLessEqual(set(COMMANDS), set(self.complete("fanfare ")))
        self.assertEqual(self.complete("fanfare se"), ["serve"])
        self.assertEqual(sorted(self.complete("fanfare history ")), ["backup", "delete", "export", "stats", "verify"])
        self.assertEqual(self.complete("fanfare listen --si"), ["--since"])
        self.assertEqual(self.complete("fanfare history delete --us"), ["--user"])
        self.assertEqual(sorted(self.complete("fanfare events --format js") + self.complete("fanfare events --format t")),
                         ["json-schema", "table", "typescript"])
        self.assertEqual(self.complete("fanfare serve --config ev"), ["events.toml"])
        self.assertEqual(self.complete("fanfare history backup ev"), ["events.toml"])
        self.assertEqual(self.complete("fanfare publish project."), ["project.deleted", "project.updated"])


class Bash(Completions):
    def complete(self, line: str) -> list[str]:
        words = line.split(" ")
        script = f"""source {packaging}/completions/fanfare.bash
            COMP_WORDS=({' '.join(repr(word) for word in words)}); COMP_CWORD={len(words) - 1}; _fanfare
            [ ${{#COMPREPLY[@]}} -eq 0 ] || printf '%s\\n' "${{COMPREPLY[@]}}\""""
        return sorted(run("bash", "-uc", script, cwd=self.folder, env=self.environment).split())

    def test_bash(self) -> None:
        self.check_all()
        self.assertEqual(self.complete("fanfare listen --room "), [])
        self.assertEqual(self.complete("fanfare events --format ="), self.complete("fanfare events --format "))
        self.assertEqual(run("bash", "-euc", f"source {packaging}/completions/fanfare.bash; complete -p fanfare").strip(), "complete -F _fanfare fanfare")


class Fish(Completions):
    def complete(self, line: str) -> list[str]:
        script = f"source {packaging}/completions/fanfare.fish; complete -C {line!r}"
        shown = run("fish", "--no-config", "-c", script, cwd=self.folder, env=self.environment)
        return sorted(row.partition("\t")[0] for row in shown.splitlines())

    def test_fish(self) -> None:
        self.check_all()


class Zsh(Completions):
    """In a terminal of its own, because zsh completes nowhere else: what Tab lists comes between two marks."""

    SCRIPT = r"""
        zmodload zsh/zpty
        zpty z zsh -f -i
        say() { zpty -w z "$1" }
        say 'PROMPT=; fpath=(FOLDER $fpath); autoload -Uz compinit; compinit -u -D'
        say 'listed() { compadd() {
            local -a hits; if (( ${@[(I)-D|-O|-A]} )); then builtin compadd "$@"; return; fi
            builtin compadd -O hits "$@"; print -rl -- $hits >> FOLDER/hits; builtin compadd "$@" }
            _main_complete; print END >> FOLDER/hits; zle -M "" }'
        say 'zle -C listed complete-word listed; bindkey "^X" listed; print READY''NOW'
        zpty -r z line '*READYNOW*'
        zpty -w -n z "LINE"$'\C-x'
        while ! [[ -f FOLDER/hits && "$(<FOLDER/hits)" == *END* ]]; do zpty -r z part || break; done
        zpty -d z
    """

    def complete(self, line: str) -> list[str]:
        functions = Path(self.folder, "functions")
        functions.mkdir(exist_ok=True)
        (functions / "_fanfare").write_bytes((packaging / "completions/_fanfare").read_bytes())
        (functions / "hits").unlink(missing_ok=True)
        run("zsh", "-f", "-c", self.SCRIPT.replace("FOLDER", str(functions)).replace("LINE", line), cwd=self.folder, env=self.environment, timeout=60)
        return sorted({*(functions / "hits").read_text().split()} - {"END"})

    def test_zsh(self) -> None:
        self.check_all()


class Installed(unittest.TestCase):
    def test_they_go_where_shells_and_man_look(self) -> None:
        rules = (root / "cmake/fanfare_install.cmake").read_text()
        for file in [*(f"man/{page}" for page in PAGES), *(f"completions/{name}" for name in ("fanfare.bash", "_fanfare", "fanfare.fish"))]:
            self.assertIn(f"packaging/{file}", rules)
        build = os.environ.get("FANFARE_BUILD")
        if not build:
            self.skipTest("FANFARE_BUILD names no build")
        with tempfile.TemporaryDirectory() as prefix:
            run("cmake", "--install", build, "--component", "manual", "--prefix", prefix)
            there = {str(path.relative_to(prefix)) for path in Path(prefix).rglob("*") if path.is_file()}
        self.assertEqual(there, {"share/man/man1/fanfare.1", "share/man/man5/fanfare.toml.5", "share/bash-completion/completions/fanfare",
                                 "share/zsh/site-functions/_fanfare", "share/fish/vendor_completions.d/fanfare.fish"})


if __name__ == "__main__":
    unittest.main()
