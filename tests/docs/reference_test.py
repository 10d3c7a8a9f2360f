"""The reference pages notice what they are for: a code without a cure, a field without a word, a command that nothing explains."""
import os
import sys
import unittest
from pathlib import Path
from unittest import mock

root = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(root / "tools/docs"))

from pages import commands, errors, help_text, http_api, metrics  # noqa: E402
from pages.program import Program  # noqa: E402


class Reference(unittest.TestCase):
    def test_every_error_has_a_cause_and_a_cure(self) -> None:
        names = [row.name for row in errors.rows()]
        self.assertGreater(len(names), 20)
        errors.explained("errors", names)
        with self.assertRaisesRegex(RuntimeError, "without cause and cure: .'on_fire'"):
            errors.explained("errors", [*names, "on_fire"])
        with self.assertRaisesRegex(RuntimeError, "not in the sources: .'internal'"):
            errors.explained("errors", [name for name in names if name != "internal"])

    def test_every_code_of_a_connect_is_one_of_the_table(self) -> None:
        self.assertLessEqual(set(errors.connect_codes()), {row.code for row in errors.rows()})

    def test_every_field_of_a_command_is_explained(self) -> None:
        with Program(os.environ["FANFARE_PROGRAM"]) as program:
            rows = commands.commands(program)
        self.assertLessEqual({"subscribe", "auth.refresh", "presence", "publish"}, {row.name for row in rows})
        commands.sections(rows)
        rows[0].request["colour?"] = "string"
        with self.assertRaisesRegex(RuntimeError, "subscribe.argument explains"):
            commands.sections(rows)

    def test_nested_types_stay_whole(self) -> None:
        fields = commands.literal_fields("{ ok: true; members: { user: string; connections: number }[]; last?: number }")
        self.assertEqual(fields, {"ok": "true", "members": "{ user: string; connections: number }[]", "last?": "number"})

    def test_subcommands_are_found(self) -> None:
        self.assertEqual(help_text.subcommands("Options:\n  -h\n\nSubcommands:\n  serve   Run\n  token   Mint\n"), ["serve", "token"])

    def test_help_is_read_whole_or_not_at_all(self) -> None:
        one = help_text.option("-u,--url URL=http://127.0.0.1:8000", "Server")
        self.assertEqual((one.names, one.type, one.default), (["-u", "--url"], "URL", "http://127.0.0.1:8000"))
        one = help_text.option("--format TEXT:{table,cpp}=table", "Output")
        self.assertEqual((one.choices, one.default), (["table", "cpp"], "table"))
        one = help_text.option("--last N Excludes: --since", "First")
        self.assertEqual((one.type, one.excludes), ("N", "--since"))
        one = help_text.option("--sub USER REQUIRED", "User")
        self.assertTrue(one.required)
        with self.assertRaisesRegex(RuntimeError, "not understood: '--colour <what>'"):
            help_text.option("--colour <what>", "Colour")

    def test_every_route_says_who_may_call_it(self) -> None:
        self.assertEqual(set(http_api.needs().values()), set(http_api.NEEDS))

    def test_metrics_with_and_without_labels(self) -> None:
        found = metrics.described()
        self.assertEqual(found["fanfare_http_connections"], ("TCP connections open, upgraded ones included.", []))
        self.assertEqual(found["fanfare_http_requests_total"][1], ["method", "status"])
        self.assertEqual(found["fanfare_websocket_messages_total"], ("WebSocket messages", ["direction"]))

    def test_a_page_that_drifted_is_told(self) -> None:
        import reference
        with mock.patch.dict(reference.PAGES, {"reference/cli.md": lambda _: "something else\n"}), mock.patch("sys.stdout"):
            self.assertEqual(reference.main(["--check", "reference/cli.md"]), 1)


if __name__ == "__main__":
    unittest.main()
