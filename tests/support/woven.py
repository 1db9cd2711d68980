"""The contract as weave wrote it, for what must be known before a server runs: which tests there are."""
import json
from dataclasses import dataclass

from support.cluster import ROOT

DOCUMENT = json.loads((ROOT / "build/dev/woven/openapi.json").read_text())


@dataclass(frozen=True)
class Woven:
    """An operation; `node` is what the contract says of it."""

    id: str
    method: str
    path: str
    node: dict

    def parameters(self):
        """The names of what it takes besides its body and its path."""
        for parameter in self.node.get("parameters", []):
            name = parameter.get("$ref", "").rpartition("/")[2]
            yield (DOCUMENT["components"]["parameters"][name] if name else parameter)["name"]

    def scopes(self):
        """What a caller needs."""
        return [scope for way in self.node["security"][:1] for scope in way["key"]]

    def parameter(self, name):
        """A parameter that stands in the operation itself, or None."""
        return next((each for each in self.node.get("parameters", []) if each.get("name") == name), None)


OPERATIONS = [
    Woven(node["operationId"], method, path, node)
    for path, item in DOCUMENT["paths"].items()
    for method, node in item.items()
    if method != "parameters"
]
