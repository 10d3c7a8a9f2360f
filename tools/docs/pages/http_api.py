"""docs/reference/http.md: the HTTP side, from the server's own OpenAPI document; who may call, from the table of routes."""
import re

from .program import GENERATED, Program, cell, source_with, table

INTRODUCTION = """# HTTP API

From the server's OpenAPI 3.1 document, which any running server hands out at `/api/v1/openapi.json`.

A credential is a service key (`publish.keys`) or a token, as `Authorization: Bearer …`, or a service key as `X-API-Key: …`. A service key may
do everything here. A token needs the scope that is named. Errors are `application/problem+json` (RFC 9457), with a `code` of
[this list](errors.md) and, for a fault in the body, its JSON Pointer in `pointer`.

"""

NEEDS = {
    "nothing": "no credential",
    "token": "a service key, or a token that may join the room",
    "publish": "a service key, or a token with the scope `events:publish`",
    "admin": "a service key, or a token with the scope `admin`",
}
# Where the credential is not a bearer's.
OWN_CREDENTIAL = {"takeGithubDelivery": "GitHub's signature, with `github.secret`"}


def needs() -> dict[str, str]:
    rows = re.findall(r'"(\w+)",\s*(?:"[^"]*"\s*)+,\s*(publish|admin|token|nothing),\s*\{', source_with('"publishEvents",'))
    return dict(rows)


def anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "", text.lower().replace(" ", "-"))


def type_of(schema: dict) -> str:
    if "$ref" in schema:
        return schema["$ref"].rsplit("/", 1)[1]
    for word in ("oneOf", "anyOf"):
        if word in schema:
            return " or ".join(type_of(one) for one in schema[word])
    if schema.get("type") == "array":
        return "list of " + type_of(schema.get("items", {}))
    if schema.get("type") == "object" and "properties" in schema:
        return "{" + ", ".join(schema["properties"]) + "}"
    return schema.get("format") or schema.get("type") or "JSON"


def operation(method: str, path: str, row: dict, access: str) -> str:
    name = row["operationId"]
    out = f"## {method.upper()} {path}\n\n{row['summary']}\n\nNeeds: {OWN_CREDENTIAL.get(name, NEEDS[access])}.\n\n"
    if row.get("parameters"):
        out += table(["parameter", "in", "holds", "what it is"],
                     [[f"`{one['name']}`", one["in"] + (", required" if one["required"] else ""), type_of(one["schema"]),
                       cell(one["description"])] for one in row["parameters"]])
    if "requestBody" in row:
        out += table(["body", "holds"], [[f"`{media}`", cell(type_of(one["schema"]) + (
            ": " + one["schema"]["description"] if "description" in one["schema"] else ""))]
            for media, one in row["requestBody"]["content"].items()])
    answers = []
    for status, answer in sorted(row["responses"].items()):
        kinds = [f"`{media}`" for media in answer.get("content", {})]
        answers.append([status, cell(answer["description"]), ", ".join(kinds) or "empty"])
    return out + table(["status", "when", "body"], answers)


def schema(name: str, row: dict) -> str:
    required = row.get("required", [])
    rows = []
    for field, one in row["properties"].items():
        values = ": " + ", ".join(f"`{value}`" for value in one["enum"]) if "enum" in one else ""
        rows.append([f"`{field}`", cell(type_of(one) + values), "yes" if field in required else "no", cell(one.get("description", ""))])
    text = row.get("description", "")
    return f"### {name}\n\n" + (f"{text}\n\n" if text else "") + table(["field", "holds", "required", "what it is"], rows)


def page(program: Program) -> str:
    document = program.get_json("/api/v1/openapi.json")
    access = needs()
    rows = [(method, path, row) for path, methods in document["paths"].items() for method, row in methods.items()]
    for method, path, row in rows:
        if (row.get("security") == []) != (access[row["operationId"]] == "nothing"):
            raise RuntimeError(f"{method} {path}: the table of routes and the OpenAPI document differ on who may call it")
    overview = table(["request", "what it does"],
                     [[f"[`{method.upper()} {path}`](#{anchor(f'{method} {path}')})", cell(row["summary"])] for method, path, row in rows])
    body = "".join(operation(method, path, row, access[row["operationId"]]) for method, path, row in rows)
    schemas = "".join(schema(name, row) for name, row in document["components"]["schemas"].items())
    return GENERATED + INTRODUCTION + overview + body + "## Bodies\n\n" + schemas.rstrip("\n") + "\n"
