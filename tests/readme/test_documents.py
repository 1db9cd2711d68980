"""README and docs/, done as they say: a copy of the tree, script/server, then command by command; in both languages the same."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.browser import open_browser

ROOT = Path(__file__).parents[2]
START_SECONDS = 600  # the first start installs and builds
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
DOCUMENTS = [name for name in ("README.md", "SECURITY.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")))
             if ".zh-CN" not in name]  # fmt: skip
LAST = "docs/guides/periods.md"  # closes months, in which the others book
# What the commands of a document print when they do what it says.
PRINTED = {
    "README.md": ['"rows":57851,"created":57851', '"rejected":0', "2019-Q4\tEUROPE\t"],
    "docs/tour.md": [
        '"unchanged": 57851', "华信科技", '"quantity": "2"', '"legal_name": "Better Bike Shop, Inc."', '"cost": null',
        "2019-Q4", "\nevent: partner.updated\ndata: {",
    ],
    "docs/configuration.md": ["--webhook-private-addresses", '"reporting_currency": "CNY"', '{"value":"active","label":"合作中"}'],
    "docs/operating.md": ["fold-rollups\t", '{"status":"ready"}', '"status": "succeeded"', "\nqudao 0.", " operations, 0 faults", "statement getPartner"],
    "docs/security.md": ['"name":"Administrator","role":"admin"', '"operation":"createApiKey"'],
    "docs/guides/partners.md": ['"code":"P0031"', '"key":"reputation","name":"市场信誉 Reputation"', '"score": "75"', '"gap_rank":1,"region_code":"US-E"', '"vetoes":["reputation"]', '"outlets": 4', '"decision":"passed_with_conditions"', '"to_status":"active","reason":"Agreement signed."', "\nP0009\n", '"status": "dormant"'],
    "docs/guides/agreements.md": [
        '"status": "draft"', '"approved"', '"signed"', '"signers":["Wang Wei","Li Na"]', '"amendment_status": "draft"', '"pointer": "/payment_days"', '"version_number":2', '"status": "cured"',
    ],
    "docs/guides/sales.md": [
        '"code": "product_unknown"', '"unchanged": 2', '"amount": "2431.50"', '"external_ref":"R-1","partner_code":"P0007","quantity":"10"',
        '"to_status":"disputed","reason":"We ordered nine, not ten."',
    ],
    "docs/guides/analysis.md": ["-Q4\tEMEA\t", "神州科技 Shenzhou Technology", "安全 Security\t", '"created": 2', "M05\t", "\tbehind\n"],
    "docs/guides/periods.md": ['"name":"FY2', '"default_calendar_code": "APRIL"', '"code": "period_locked"', '"status": "reopened"', '"period_close_days": 10'],
    "docs/guides/portals.md": ['"role": "partner"', '"code":"P0030"', '"cost":null', '"amount": "2300.00"', '"name": "Till"'],
    "docs/guides/events.md": ['"type": "partner.updated"', '"secret": "whsec_', '"event_type": "webhook.test"', '"previous_secret_until": "2'],
}  # fmt: skip
CONTINUED = "docs/tour.md"  # it goes on where README stops


def commands(name):
    return [block for language, block in FENCE.findall((ROOT / name).read_text()) if language == "sh"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def copy_tree(target):
    """What a clone would bring, and what has been changed since."""
    files = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                           check=True, capture_output=True, text=True).stdout.split("\0")
    for file in filter(None, files):
        if (ROOT / file).exists():
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / file, target / file)


class Served:
    """A server that script/server started."""

    def __init__(self, folder):
        self.tree = folder / "qudao"
        self.port = free_port()
        self.log = folder / "log"
        self.environment = {**os.environ, "QUDAO_PORT": str(self.port), "QUDAO_DATA": str(folder / "data")}
        self.environment.pop("QUDAO_DEMO", None)
        self.process = None

    def start(self):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(["script/server"], cwd=self.tree, env=self.environment, stdout=log,
                                            stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_SECONDS
        while "Admin key:" not in self.log.read_text():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return re.search(r"Admin key: (\S+)", self.log.read_text()).group(1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=60)

    def type(self, blocks):
        """Types the commands into a shell; returns what they printed."""
        script = "set -euo pipefail\n" + "\n".join(blocks)
        script = script.replace("http://localhost:8080", f"http://localhost:{self.port}").replace("qd_…", self.key)
        shell = subprocess.run(["bash", "-c", script], cwd=self.tree, capture_output=True, text=True, timeout=300)
        assert shell.returncode == 0, shell.stdout + shell.stderr
        return shell.stdout


@pytest.fixture(scope="module")
def served():
    folder = Path(tempfile.mkdtemp(prefix="qudao-documents-"))
    folder.chmod(0o711)
    server = Served(folder)
    copy_tree(server.tree)
    server.key = server.start()
    yield server
    if server.process.poll() is None:
        server.stop()
    shutil.rmtree(folder)


def test_the_first_commands_are_clone_and_start():
    first = commands("README.md")[0].splitlines()

    assert first[0].startswith("git clone ") and first[1:] == ["script/server"]


@pytest.mark.parametrize("name", sorted((name for name in DOCUMENTS if name != "README.md" and commands(name)), key=lambda name: (name == LAST, name)))
def test_what_a_document_says_works_as_it_is_written(served, name):
    readme = commands("README.md")[1:]  # clone and start are done

    printed = served.type((readme if name == CONTINUED else readme[:1]) + commands(name))

    expected = PRINTED[name] + (PRINTED["README.md"] if name == CONTINUED else [])
    assert [text for text in expected if text not in printed] == [], printed
    assert "/problems/" not in printed


def test_the_front_page_leads_to_a_documentation_without_outside_hosts(served):
    browser = open_browser()
    try:
        browser.get(f"http://localhost:{served.port}/")
        browser.find_element(By.LINK_TEXT, "Documentation").click()
        WebDriverWait(browser, 30).until(lambda page: page.find_elements(By.ID, "operations-partners-listPartners"))

        title = browser.find_element(By.CSS_SELECTOR, ".info .title").text
        loaded = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
        complaints = [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]
    finally:
        browser.quit()

    assert title.startswith("Qudao")
    assert loaded and all(name.startswith((f"http://localhost:{served.port}/", "data:")) for name in loaded)
    assert complaints == []


def test_a_second_start_takes_seconds_and_changes_nothing(served):
    assert served.stop() == 0

    started = time.monotonic()
    key = served.start()
    seconds = time.monotonic() - started

    assert key == served.key
    assert seconds < 15


def test_a_clone_without_npms_packages_says_what_to_do(tmp_path):
    copy_tree(tmp_path / "qudao")

    configured = subprocess.run(["cmake", "--preset", "release"], cwd=tmp_path / "qudao", capture_output=True, text=True, timeout=120)

    assert configured.returncode != 0
    assert "run `npm ci --omit=dev` first" in " ".join(configured.stderr.split())


def skeleton(text):
    """What a translation leaves as it is: commands, headings' levels, what tables are about, and where links lead."""
    prose = FENCE.sub("", text)
    links = [link.split("#")[0].replace(".zh-CN.md", ".md") for link in re.findall(r"\]\(([^)\s]+)\)", prose)]
    return {
        "fences": FENCE.findall(text),
        "headings": re.findall(r"^(#+) ", prose, re.MULTILINE),
        "rows": re.findall(r"^\| (`[^`]+`) \|", prose, re.MULTILINE),
        "cells": [line.count("|") for line in prose.splitlines() if line.startswith("|")],
        "items": len(re.findall(r"^- ", prose, re.MULTILINE)),
        "links": sorted(set(links)),
    }


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_says_the_same_in_both_languages(name):
    english, chinese = ((ROOT / name).read_text(), (ROOT / name.replace(".md", ".zh-CN.md")).read_text())

    assert skeleton(chinese) == skeleton(english)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_chinese_is_written_with_chinese_punctuation(name):
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", FENCE.sub("", (ROOT / name.replace(".md", ".zh-CN.md")).read_text()))

    assert re.findall(r"[\u4e00-\u9fff][,;:?!()]|[,;?!()][\u4e00-\u9fff].*", prose) == []
