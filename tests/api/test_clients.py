"""Typed clients: types made from the contract compile, and drive the server from Node and from a page of another origin."""
import http.server
import json
import subprocess
import threading
from functools import partial
from pathlib import Path

import pytest
import requests
from selenium.webdriver.support.ui import WebDriverWait

from support.browser import open_browser
from support.server import ADMIN_KEY, Server

SHARES_SERVER = True

ROOT = Path(__file__).parents[2]
BINARIES = ROOT / "node_modules" / ".bin"
BUILT = ROOT / "build" / "clients"
SEEN = {
    "created": 201, "location": True, "replayed": "true", "replayedId": True, "read": "North 北", "known": 304, "knownEtag": True,
    "changed": "The North", "stale": [412, "precondition_failed", True], "refused": [401, "unauthorized", True],
    "invalid": ["/code", "/name"], "mistyped": 400, "deleted": 204,
}
FOLLOWED = {"live": True, "resumed": True}
TOLD_TO_WAIT = {"code": "too_many_requests", "retryAfter": True, "policy": True}


def run(*command, cwd=ROOT):
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Files(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".html": "text/html", ".mjs": "text/javascript"}

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def pages():
    """The origin of the page: another port of this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=ROOT))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def server(database, pages):
    server = Server(database.url, {"QUDAO_CORS_ORIGINS": pages})
    yield server
    server.stop()


@pytest.fixture(scope="module")
def strict_server(database, server, pages):
    """Whose callers may ask a few times only."""
    settings = {"QUDAO_CORS_ORIGINS": pages, "QUDAO_WORKERS": "1", "QUDAO_CALLER_RATE": "1", "QUDAO_CALLER_BURST": "5"}
    server = Server(database.url, settings)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def compiled(api):
    """The clients, with the types of the contract that this server serves."""
    BUILT.mkdir(parents=True, exist_ok=True)
    (BUILT / "openapi.json").write_text(requests.get(f"{api.url}/openapi.json", timeout=30).text)
    run(BINARIES / "openapi-typescript", "openapi.json", "--read-write-markers", "--default-non-nullable=false", "-o", "qudao.d.ts", cwd=BUILT)
    run(BINARIES / "tsc", "-p", "tests/clients")
    return BUILT


@pytest.fixture(scope="module")
def browser(compiled, pages):
    browser = open_browser()
    browser.set_script_timeout(60)
    browser.get(f"{pages}/tests/clients/page.html")
    WebDriverWait(browser, 30).until(lambda page: page.execute_script("return window.scenario !== undefined"))
    yield browser
    browser.quit()


def in_page(browser, name, *arguments):
    script = f"const done = arguments[arguments.length - 1]; scenario.{name}(...[...arguments].slice(0, -1)).then(done, e => done(String(e)))"
    return browser.execute_async_script(script, *arguments)


def test_a_typed_client_drives_the_server_from_node(api, compiled):
    seen = json.loads(run("node", compiled / "node.mjs", "play", api.url, api.key, "NODE"))

    assert seen == {**SEEN, "listed": ["NODE"]}


def test_a_typed_client_drives_the_server_from_a_page_of_another_origin(api, browser):
    seen = in_page(browser, "play", api.url, api.key, "PAGE")

    assert seen == {**SEEN, "listed": ["PAGE"]}


def test_node_follows_events_and_goes_on_where_it_left(api, compiled):
    assert json.loads(run("node", compiled / "node.mjs", "follow", api.url, api.key, "NODE-EVENT")) == FOLLOWED


def test_a_page_of_another_origin_follows_events_and_goes_on_where_it_left(api, browser):
    assert in_page(browser, "follow", api.url, api.key, "PAGE-EVENT") == FOLLOWED


def test_node_is_told_to_wait(strict_server, compiled):
    assert json.loads(run("node", compiled / "node.mjs", "hurry", strict_server.url, ADMIN_KEY)) == TOLD_TO_WAIT


def test_a_page_is_told_to_wait(strict_server, browser):
    assert in_page(browser, "hurry", strict_server.url, ADMIN_KEY) == TOLD_TO_WAIT
