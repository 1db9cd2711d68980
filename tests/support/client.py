"""A caller of the API: one key, one kept connection, every answer held against the contract."""
import http.client
import itertools
import json
import re
import urllib.parse

import requests
from requests.structures import CaseInsensitiveDict

JSON, PATCH, PROBLEM = "application/json", "application/merge-patch+json", "application/problem+json"
CSV, NDJSON = "text/csv", "application/x-ndjson"
TIMEOUT_S = 60
# Headers that are worth a keyword of their own.
KEYWORDS = {
    "accept": "Accept",
    "accept_encoding": "Accept-Encoding",
    "accept_language": "Accept-Language",
    "content_type": "Content-Type",
    "if_match": "If-Match",
    "if_none_match": "If-None-Match",
    "idempotency_key": "Idempotency-Key",
    "origin": "Origin",
}
numbers = itertools.count(1)


class Api:
    """Calls as one caller; `as_role` and `as_partner` give other callers of the same server."""

    def __init__(self, url, contract, key, admin=None):
        self.url, self.contract, self.key = url, contract, key
        self.admin = admin or self
        self.callers = {}
        self.session = requests.Session()
        self.session.headers["Accept-Encoding"] = "identity"  # by itself it would ask for gzip

    def caller(self, key):
        return Api(self.url, self.contract, key, self.admin)

    def anonymous(self):
        return self.caller(None)

    def twin(self):
        """The same caller on a connection of its own, for another thread."""
        return self.caller(self.key)

    def new_key(self, role, **members):
        """Makes a key and returns the answer's body, the secret included."""
        body = {"name": f"{role} {next(numbers)}", "role": role, **members}
        answer = self.admin.post("/v1/api-keys", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def as_role(self, role, **members):
        """A caller with a key of that role; the same one for the same members."""
        name = json.dumps([role, members], sort_keys=True)
        if name not in self.admin.callers:
            self.admin.callers[name] = self.caller(self.admin.new_key(role, **members)["key"])
        return self.admin.callers[name]

    def as_partner(self, partner):
        return self.as_role("partner", partner_id=partner["id"])

    def as_manager(self, member):
        return self.as_role("manager", manager_code=member["code"])

    def headers(self, method, options):
        headers = {KEYWORDS[name]: options.pop(name) for name in list(options) if name in KEYWORDS}
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        if "json" in options:
            options["data"] = json.dumps(options.pop("json"), ensure_ascii=False).encode()
            headers.setdefault("Content-Type", PATCH if method == "PATCH" else JSON)
        headers.update(options.pop("headers", {}))
        return {name: value for name, value in headers.items() if value is not None}

    def request(self, method, path, **options):
        """Like requests.request; `json`, and the headers of KEYWORDS as keywords."""
        headers = self.headers(method, options)
        answer = self.session.request(
            method, self.url + path, headers=headers, timeout=TIMEOUT_S, allow_redirects=False, **options
        )
        answer.encoding = "utf-8"
        self.contract.check(answer, method, answer.request.path_url)
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def put(self, path, **options):
        return self.request("PUT", path, **options)

    def patch(self, path, **options):
        return self.request("PATCH", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def head(self, path, **options):
        return self.request("HEAD", path, **options)

    def options(self, path, **options):
        return self.request("OPTIONS", path, **options)

    def raw(self, method, target, headers=(), body=b""):
        """Sends exactly this: the target as it is, headers as a list of pairs, nothing added but Host and the length."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.url).netloc, timeout=TIMEOUT_S)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if body:
            connection.putheader("Content-Length", str(len(body)))
        try:
            connection.endheaders(body or None)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before everything was sent: the answer is there all the same
        received = connection.getresponse()
        answer = requests.Response()
        answer.status_code, answer._content = received.status, received.read()
        answer.headers, answer.encoding = CaseInsensitiveDict(received.headers), "utf-8"
        connection.close()
        self.contract.check(answer, method, target)
        return answer

    def raw_json(self, body, path="/v1/regions", headers=()):
        """POSTs these bytes as JSON."""
        pairs = [("Authorization", f"Bearer {self.key}"), ("Content-Type", JSON), *headers]
        return self.raw("POST", path, pairs, body)

    def metric(self, name):
        """A figure of the server, added up over its labels; `name` is a regular expression."""
        lines = self.anonymous().get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if re.match(name + r"[ {]", line))

    def walk(self, path, **params):
        """Every object of a list, page by page through its cursors."""
        objects = []
        while True:
            page = self.get(path, params=params).json()
            objects += page["data"]
            assert page["has_more"] == (page["next_cursor"] is not None)
            if not page["has_more"]:
                return objects
            params["cursor"] = page["next_cursor"]

    def walk_log(self, cursor, **params):
        """Every event behind a place in the log."""
        events = []
        while True:
            page = self.get("/v1/events", params={"limit": 200, "cursor": cursor, **params}).json()
            events += page["data"]
            cursor = page["next_cursor"]
            if not page["has_more"]:
                return events
