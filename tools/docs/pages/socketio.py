"""docs/reference/socketio.md: the Socket.IO side, from the server's AsyncAPI document."""
from . import commands, errors
from .program import GENERATED, Program, cell, table

INTRODUCTION = """# Socket.IO API

From the server's AsyncAPI 3.0 document, which any running server hands out at `/api/v1/asyncapi.json`, and from the types that
`fanfare events --format typescript` writes.

## Connecting

Engine.IO 4 is at `{address}` and, the same, at `/ws{address}`, over long-polling and WebSocket. The namespaces `/` and `/ws` carry the same
events in the same rooms. Every namespace connection needs a token: in the CONNECT payload (`auth: {{ token }}`), else in `Authorization: Bearer …`,
else as `?token=` where `auth.query_token` is true. A connection is in `user:<sub>` and `global` by itself.

A refused CONNECT is `connect_error` with `{{message, data: {{code}}}}`. The codes: {connect}. With `over_limit` comes `retry_after_ms`.

"""


def fields(schema: dict) -> str:
    required = schema.get("required", [])
    return table(["field", "holds", "required", "what it is"],
                 [[f"`{name}`", one.get("format") or one.get("type") or f"`{one.get('const')}`", "yes" if name in required else "no",
                   cell(one.get("description", ""))] for name, one in schema["properties"].items()])


def page(program: Program) -> str:
    document = program.get_json("/api/v1/asyncapi.json")
    messages = document["components"]["messages"]
    codes = ", ".join(f"[`{code}`](errors.md#{code})" for code in errors.connect_codes())
    out = GENERATED + INTRODUCTION.format(address=document["channels"]["socket"]["address"], connect=codes)

    rows = commands.commands(program)
    out += "## Commands\n\nSent with `socket.emit`. An answer comes as the ack, when one is asked for, else as an event. A failure is\n"
    out += "`{ok: false, error: {code, message}}` in the ack, else `connection.error`; `pointer` is the place of a fault, and\n"
    out += "`retry_after_ms` comes with `rate_limited`. [Every code, with cause and cure](errors.md).\n\n"
    out += commands.overview(rows, "") + commands.sections(rows)

    out += "## Events\n\nEach comes as one argument, a CloudEvents 1.0 object:\n\n" + fields(document["components"]["schemas"]["Envelope"])
    names = [one["$ref"].rsplit("/", 1)[1] for one in document["operations"]["sendEvents"]["messages"]]
    out += table(["event", "when"], [[f"[`{name}`](events.md#{name.replace('.', '')})", cell(messages[name]["summary"])] for name in names])
    return out.rstrip("\n") + "\n"
