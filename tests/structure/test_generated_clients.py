"""What generators of clients make of the contract compiles, as strictly as TypeScript can."""
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / "node_modules" / ".bin"
CONTRACT = ROOT / "build/dev/woven/openapi.json"
# How each is told to write client.ts from the contract; api/test_clients.py does more with openapi-typescript.
GENERATORS = {
    "openapi-zod-client": [CONTRACT, "--output", "client.ts"],
    "orval": ["--input", CONTRACT, "--output", "client.ts", "--client", "fetch"],
    "swagger-typescript-api": ["generate", "--path", CONTRACT, "--output", ".", "--name", "client.ts"],
}
COMPILE = ["tsc", "--strict", "--noEmit", "--skipLibCheck", "--target", "es2022", "--module", "es2022", "--moduleResolution", "bundler",
           "--typeRoots", ".", "client.ts"]  # fmt: skip


def run(folder, program, *arguments):
    done = subprocess.run([BINARIES / program, *arguments], cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("generator", GENERATORS)
def test_a_generated_client_compiles(generator):
    folder = ROOT / "build" / "clients" / generator  # below the root, where what it imports is found
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "client.ts").unlink(missing_ok=True)

    run(folder, generator, *GENERATORS[generator])

    run(folder, *COMPILE)
    assert "PartnerStatus" in (folder / "client.ts").read_text()


def nodes(node, path=""):
    """Every object of a document, with where it is."""
    if isinstance(node, dict):
        yield path, node
    for name, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from nodes(child, f"{path}/{name}")


def test_what_generators_stumble_over_is_not_there():
    """They name a type after what a $ref leads to, and have no null among the values of an enum."""
    document = dict(nodes(json.loads(CONTRACT.read_text())))
    deep = [path for path, node in document.items() if isinstance(node.get("$ref"), str) and not re.fullmatch(r"#/components/\w+/[^/]+", node["$ref"])]
    nullable = [path for path, node in document.items() if isinstance(node.get("enum"), list) and None in node["enum"]]

    assert (deep, nullable) == ([], [])
