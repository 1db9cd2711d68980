"""Whatever the code says to people, it says in every language."""
import re
import sys
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.cluster import ROOT
from support.messages import all_messages

CATALOGUES = sorted((ROOT / "languages").glob("*.yaml"))
MESSAGES, UNCLEAR = all_messages()
CONVERSION = re.compile(r"%(?:%|[-+ #0]*(?:\d+|\*)?(?:\.(?:\d+|\*))?(?:hh|h|ll|l|z|j|t)?[diouxXeEfgGcsp])")


def conversions(text):
    found = [conversion for conversion in CONVERSION.findall(text) if conversion != "%%"]
    assert "%" not in CONVERSION.sub("", text), text
    return found


@pytest.fixture(params=[path for path in CATALOGUES if path.stem != "en"], ids=lambda path: path.stem)
def messages(request):
    return yaml.safe_load(request.param.read_text())["messages"]


def test_every_message_is_found():
    assert UNCLEAR == []
    assert len(MESSAGES) > 150
    assert {"The region is in use", "%s is required", "must be %s, not %s", "This is no proxy.", "There is nothing at %.*s."} <= MESSAGES


def test_every_message_has_a_translation_and_nothing_else_has_one(messages):
    assert (sorted(MESSAGES - set(messages)), sorted(set(messages) - MESSAGES)) == ([], [])


def test_a_translation_takes_the_same_values_in_the_same_order(messages):
    """printf takes them one after the other; a translation may leave out the last ones, such as the s of a plural."""
    wrong = {text: said for text, said in messages.items() if conversions(said) != conversions(text)[: len(conversions(said))]}

    assert wrong == {}


def test_only_the_s_of_a_plural_is_left_out(messages):
    shorter = {text for text, said in messages.items() if len(conversions(said)) < len(conversions(text))}

    assert [text for text in sorted(shorter) if not re.search(r"[a-z]%s$", text)] == []


def test_chinese_is_chinese():
    said = yaml.safe_load((ROOT / "languages/zh-CN.yaml").read_text())["messages"]
    without = {text for text, chinese in said.items() if not re.search("[\u4e00-\u9fff]", re.sub(CONVERSION, "", chinese))}

    assert without <= {", ", "null", "%s (byte %zu)"}
    assert not [chinese for chinese in said.values() if re.search("[\u4e00-\u9fff][,;:?!]", chinese)]


def test_every_language_has_labels_of_its_own():
    """That each value has one is seen to by weave."""
    english, chinese = (yaml.safe_load((ROOT / f"languages/{name}.yaml").read_text())["enums"] for name in ("en", "zh-CN"))

    assert {name: set(labels) for name, labels in english.items()} == {name: set(labels) for name, labels in chinese.items()}
    for labels, script in ((english, "^[A-Z0-9]"), (chinese, "[\u4e00-\u9fff]")):
        for values in labels.values():
            assert len(set(values.values())) == len(values)
            assert not [label for label in values.values() if not re.search(script, label)]
