"""The links in the documents lead somewhere."""
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTED = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
DOCUMENTS = [name for name in LISTED.stdout.splitlines() if (ROOT / name).exists() and not name.startswith("tests/data/")]


def prose(path):
    return re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.DOTALL | re.MULTILINE)


def anchors(path):
    """The ids that GitHub gives to headings."""
    titles = re.findall(r"^#+ (.*)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def leads_somewhere(document, link):
    file, _, anchor = link.partition("#")
    target = (document.parent / file).resolve() if file else document
    return target.exists() and target.is_relative_to(ROOT) and (not anchor or anchor in anchors(target))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_to_a_file_or_heading_leads_there(name):
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", prose(ROOT / name)) if not re.match(r"[a-z]+:", link)]

    assert [link for link in links if not leads_somewhere(ROOT / name, link)] == []
