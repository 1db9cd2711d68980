"""The version stands in CMakeLists.txt; what else names it says the same."""
import json
import re
import subprocess
import sys
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.cluster import BINARY, ROOT

VERSION = re.search(r"^project\(qudao VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.MULTILINE)[1]


def test_the_program_says_its_version():
    assert subprocess.run([BINARY, "--version"], check=True, capture_output=True, text=True).stdout == f"qudao {VERSION}\n"


def test_contract_package_and_changelog_have_that_version():
    contract = yaml.safe_load((ROOT / "openapi.yaml").read_text())["info"]["version"]
    package = json.loads((ROOT / "package.json").read_text())["version"]
    released = re.findall(r"^## (\d\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert (contract, package, released[0]) == (VERSION, VERSION, VERSION)
