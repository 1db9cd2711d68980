"""The README, done as it says: a copy of the tree, script/server, then the tour, command by command."""
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ROOT = Path(__file__).parents[2]
START_SECONDS = 600  # the first start installs and builds
BLOCKS = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


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


@pytest.fixture(scope="module")
def served():
    folder = Path(tempfile.mkdtemp(prefix="qudao-readme-"))
    folder.chmod(0o711)
    server = Served(folder)
    copy_tree(server.tree)
    server.key = server.start()
    yield server
    if server.process.poll() is None:
        server.stop()
    shutil.rmtree(folder)


def test_the_first_commands_are_clone_and_start():
    assert BLOCKS[0].splitlines()[0].startswith("git clone ")
    assert BLOCKS[0].splitlines()[1:] == ["script/server"]


def test_the_tour_works_as_it_is_written(served):
    script = "set -euo pipefail\n" + "\n".join(BLOCKS[1:])
    script = script.replace("http://localhost:8080", f"http://localhost:{served.port}").replace("qd_…", served.key)

    tour = subprocess.run(["bash", "-c", script], cwd=served.tree, capture_output=True, text=True, timeout=300)

    assert tour.returncode == 0, tour.stdout + tour.stderr
    assert '"rows":57851,"created":57851' in tour.stdout
    assert '"unchanged": 57851' in tour.stdout
    assert '"rejected":0' in tour.stdout and "/problems/" not in tour.stdout
    assert "华信科技" in tour.stdout
    assert '"quantity": "2"' in tour.stdout
    assert '"legal_name": "Better Bike Shop, Inc."' in tour.stdout
    assert '"cost": null' in tour.stdout
    assert "\nevent: partner.updated\ndata: {" in tour.stdout
    assert len((served.tree / "sales.csv").read_text().splitlines()) > 100


def test_the_front_page_leads_to_a_documentation_without_outside_hosts(served):
    options = Options()
    for argument in ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
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


def test_the_chinese_readme_says_the_same_commands_and_settings():
    english, chinese = ((ROOT / name).read_text() for name in ("README.md", "README.zh-CN.md"))

    assert re.findall(r"```sh\n(.*?)```", chinese, re.DOTALL) == BLOCKS
    for pattern in (r"^\| `(\w+)`", r"^- \[([\w./]+)\]", r"^(#+) "):
        assert re.findall(pattern, chinese, re.MULTILINE) == re.findall(pattern, english, re.MULTILINE)
