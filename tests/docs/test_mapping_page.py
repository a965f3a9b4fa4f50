"""The files that the page on mappings shows: each maps its payload to what stands below it, and passes the check."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from hub import registry
from hub.rules.mapping import MapContext, MappingSet, examine_mappings

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to" / "write-a-mapping.md"
BLOCK = re.compile(r"^```(yaml|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)
PLACE = re.compile(r"# \$HUB_MAPPINGS_DIR/(\S+)")


def _examples() -> dict[str, tuple[str, list[Any]]]:
    """Place of a file -> its text, and the JSON of its section: payload, records, and what is shown of the first."""
    found = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## "):
        blocks = BLOCK.findall(section)
        for text in [text for language, text in blocks if language == "yaml"]:
            place = PLACE.match(text)
            assert place is not None, text
            found[place[1]] = (text, [json.loads(text) for language, text in blocks if language == "json"])
    return found


EXAMPLES = _examples()


@pytest.fixture(scope="module")
def mappings(tmp_path_factory: pytest.TempPathFactory) -> MappingSet:
    site = tmp_path_factory.mktemp("site")
    for place, (text, _) in EXAMPLES.items():
        (site / place).parent.mkdir(parents=True, exist_ok=True)
        (site / place).write_text(text, encoding="utf-8")
    installed = registry.load()
    found, faults = examine_mappings(
        [site, ROOT / "mappings"], installed.kinds, installed.transforms, installed.connectors
    )
    assert [str(fault) for fault in faults if fault.file in EXAMPLES] == []
    return found


@pytest.mark.parametrize("place", EXAMPLES)
def test_file_of_the_page_when_it_maps_its_payload_then_makes_what_stands_there(
    mappings: MappingSet, place: str
) -> None:
    payload, records, *shown = EXAMPLES[place][1]
    stream, _, connection = place.partition("/")[2].removesuffix(".yaml").partition("@")
    mapping = mappings.inbound("webhook", stream, connection or None)
    assert mapping is not None
    drafts = mapping.map(payload, MapContext("till", "x.saved", 1_795_307_400_000_000))
    made = [{"kind": one.kind, "id": one.external_id, **one.asserted} for one in drafts]
    assert json.loads(json.dumps(made)) == records
    for expected in shown:
        outbound = mappings.outbound("webhook", drafts[0].kind, connection or None)
        assert outbound is not None
        assert outbound.project(drafts[0].asserted, lambda key: key["external_id"]) == expected


def test_page_when_read_then_every_word_of_the_language_is_explained() -> None:
    from hub.rules.mapping.beside import EACH_WORDS, OBJECT_WORDS, VALUE_WORDS
    from hub.rules.mapping.records import ALSO_WORDS, FILE_WORDS

    text = PAGE.read_text(encoding="utf-8")
    words = FILE_WORDS | ALSO_WORDS | VALUE_WORDS | EACH_WORDS | OBJECT_WORDS
    assert {word for word in words if f"`{word}`" not in text and f"`{word}:" not in text} == set()
