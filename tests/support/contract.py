"""Holds every answer against the contract that the server itself serves, with a validator that is not ours."""
import datetime
import functools
import json
import re
import urllib.parse

import jsonschema

from support.cluster import ROOT
from support.resources import resources_of

INSTANT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$")
# Where a 415 says what would be taken.
ACCEPTED_BY = {"POST": "Accept-Post", "PATCH": "Accept-Patch", "PUT": "Accept"}
# These come only when there is something to say; every other header of the contract comes always.
OCCASIONAL = {
    "Link",
    "Retry-After",
    "Idempotency-Replayed",
    "Accept-Encoding",  # where the encoding of a body is refused
    "Access-Control-Allow-Origin",  # to a page elsewhere
    "RateLimit",  # to a caller that is known
    "RateLimit-Policy",
}
JSON = "application/json"
PAGE_MAX = 200
JUDGED_MAX = 1000
formats = jsonschema.FormatChecker(["uuid", "date"])


@formats.checks("date-time", raises=ValueError)
def is_instant(value):
    if isinstance(value, str):
        if not INSTANT.match(value):
            raise ValueError("an instant ends in Z")
        datetime.datetime.fromisoformat(value[:-1])
    return True


def refuse_float(text):
    raise AssertionError(f"the number {text} went through floating point")


def members_once(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a member comes twice: {names}"
    return dict(pairs)


def strict_json(text):
    """JSON without floating point numbers and without duplicate members."""
    return json.loads(text, parse_float=refuse_float, parse_constant=refuse_float, object_pairs_hook=members_once)


def some(rows):
    """All of few rows, and of many one as often as it takes to have a thousand."""
    return rows[:: max(1, len(rows) // JUDGED_MAX)]


def pages(rows):
    """The rows as a list would answer them."""
    return [rows[begin : begin + PAGE_MAX] for begin in range(0, len(rows), PAGE_MAX)]


@functools.cache
def woven():
    """The contract as it is served, for what must be known before a server runs: which tests there are."""
    return Contract(json.loads((ROOT / "build/dev/woven/openapi.json").read_text()))


def closed(schema):
    """The schema with every object limited to the members it names: an answer says nothing undocumented."""
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    ret = {name: closed(part) for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        ret.setdefault("additionalProperties", False)
    return ret


def relaxed(schema):
    """The schema without `required`, except that an object keeps its id and version."""
    if isinstance(schema, list):
        return [relaxed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    ret = {name: relaxed(part) for name, part in schema.items()}
    if isinstance(ret.get("required"), list):
        ret["required"] = [name for name in schema["required"] if name in ("id", "version", "data", "next_cursor", "has_more")]
    return ret


class Operation:
    def __init__(self, method, template, document):
        self.method, self.template, self.document = method, template, document
        self.id = document["operationId"]
        self.security = document.get("security", [])
        self.pattern = re.compile("^" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template)) + "$")

    def parameters(self):
        return {parameter["name"]: parameter for parameter in self.document["parameters"]}

    def problems(self):
        """The codes that it says it may refuse with, besides what every operation may."""
        return {problem if isinstance(problem, str) else next(iter(problem)) for problem in self.document.get("x-problems", ())}


class Contract:
    """The operations and schemas of an OpenAPI document, and the (operation, status) pairs that were seen."""

    def __init__(self, document):
        self.document = document
        self.operations = [
            Operation(method.upper(), template, self.with_references(path, operation))
            for template, path in document["paths"].items()
            for method, operation in path.items()
            if method in ("get", "post", "put", "patch", "delete")
        ]
        self.by_id = {operation.id: operation for operation in self.operations}
        self.schemas = closed(document["components"]["schemas"])
        self.validators = {}
        self.seen = set()
        self.resources = resources_of(self)

    def resolve(self, node):
        while "$ref" in node:
            name = node["$ref"]
            node = self.document
            for part in name[2:].split("/"):
                node = node[part]
        return node

    def with_references(self, path, operation):
        """An operation with its path's parameters, and with references to parameters and answers followed."""
        parameters = path.get("parameters", []) + operation.get("parameters", [])
        answers = {status: self.resolve(answer) for status, answer in operation["responses"].items()}
        return {**operation, "parameters": [self.resolve(parameter) for parameter in parameters], "responses": answers}

    def find(self, method, path):
        """The operation of a request, a literal path before one with a parameter; None if there is none."""
        fits = [operation for operation in self.operations if operation.pattern.match(path)]
        template = min((operation.template for operation in fits), key=lambda text: text.count("{"), default=None)
        method = "GET" if method == "HEAD" else method
        return next((o for o in fits if (o.template, o.method) == (template, method)), None)

    def declared(self):
        """Every (operation, status) that the contract knows."""
        return {(o.id, int(status)) for o in self.operations for status in o.document["responses"]}

    def validator(self, schema, is_partial):
        key = json.dumps(schema, sort_keys=True), is_partial
        if key not in self.validators:
            change = relaxed if is_partial else lambda same: same
            document = {**change(closed(schema)), "components": {"schemas": change(self.schemas)}}
            self.validators[key] = jsonschema.Draft202012Validator(document, format_checker=formats)
        return self.validators[key]

    def check(self, answer, method, target):
        """Asserts that an answer is one that the contract allows."""
        url = urllib.parse.urlsplit(target)
        operation = self.find(method, url.path)
        assert answer.headers.get("Request-Id"), "no Request-Id"
        assert answer.status_code != 500, answer.text
        if answer.status_code >= 400 and method != "HEAD":
            self.check_problem(answer, url.path)
        if operation is None:
            assert answer.status_code in (204, 400, 404, 405, 429), f"{method} {target}: {answer.status_code}"
            return
        self.seen.add((operation.id, answer.status_code))
        declared = operation.document["responses"].get(str(answer.status_code))
        assert declared, f"{operation.id} does not declare {answer.status_code}: {answer.text}"
        asked = urllib.parse.parse_qs(url.query)
        is_partial = "fields" in asked
        self.check_headers(answer, declared, method, is_partial or "expand" in asked)
        if method != "HEAD":
            self.check_body(answer, declared.get("content", {}), is_partial)

    def check_headers(self, answer, declared, method, is_other):
        of_others = set(ACCEPTED_BY.values()) - {ACCEPTED_BY.get(method)}
        for name in set(declared.get("headers", {})) - OCCASIONAL - of_others:
            assert name in answer.headers or (name == "ETag" and is_other), f"{answer.status_code} without {name}"

    def check_body(self, answer, content, is_partial):
        if not content:
            assert answer.content == b"" and "Content-Type" not in answer.headers
            return
        media_type = answer.headers["Content-Type"].split(";")[0].strip()
        assert media_type in content, f"undeclared media type {media_type}"
        if media_type == "application/x-ndjson":
            rows = [strict_json(line) for line in answer.text.split("\n") if line]
            values = [{"data": page, "next_cursor": None, "has_more": False} for page in pages(some(rows))]
            if JSON not in content:  # a file of some list
                return
        elif media_type.endswith("json"):
            values = [strict_json(answer.text)]
        else:
            return
        for value in values:
            self.assert_valid(value, content.get(JSON, content[media_type])["schema"], is_partial)

    def assert_valid(self, value, schema, is_partial=False):
        faults = [f"{error.json_path}: {error.message}"[:500] for error in self.validator(schema, is_partial).iter_errors(value)]
        assert not faults, faults

    def check_problem(self, answer, path):
        assert answer.headers["Content-Type"] == "application/problem+json"
        problem = strict_json(answer.text)
        self.assert_valid(problem, {"$ref": "#/components/schemas/Problem"})
        assert problem["status"] == answer.status_code
        # A replay is word for word the first answer, its request included.
        assert problem["request_id"] == answer.headers["Request-Id"] or "Idempotency-Replayed" in answer.headers
        assert problem["type"].endswith(f"/problems/{problem['code']}")
        assert problem["instance"] == path
