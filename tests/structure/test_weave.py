"""What weave refuses to make of a contract: what is declared and leads nowhere would be noticed by nobody."""
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONTRACT = (ROOT / "openapi.yaml").read_text()
RULE = "partner: {by: partner_id, with: getPartner}"


def woven(directory, contract):
    (directory / "openapi.yaml").write_text(contract)
    outputs = [str(directory / name) for name in ("out.c", "out.h", "out.json")]
    return subprocess.run([ROOT / "build/dev/weave", *outputs, directory / "openapi.yaml"], capture_output=True, text=True)


@pytest.mark.parametrize("rule", [
    "partner: {by: partner_id, with: getNobody}",
    "partner: {by: partner_id, with: createPartner}",
    "partner: {by: partner_id}",
    "partner: {by: buyer_id, with: getPartner}",
    "partner_code: {by: partner_id, with: getPartner}",
])  # fmt: skip
def test_what_an_object_refers_to_must_be_there_to_be_read(tmp_path, rule):
    assert RULE in CONTRACT

    ended = woven(tmp_path, CONTRACT.replace(RULE, rule))

    assert ended.returncode == 1 and "x-expands" in ended.stderr
