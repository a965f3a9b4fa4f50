"""The quickstart's commands, as they stand in the page, against a hub that was started as it says."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.walk import MARKS, sections_of, walk

PAGE = "quickstart.md"
pytestmark = MARKS


def test_quickstart_when_followed_then_shows_what_it_says(tmp_path: Path) -> None:
    sections = sections_of(PAGE)
    assert list(sections) == ["1", "2", "3", "4", "5", "6", "7"]
    again = "retail-hub ingest till examples/customers.ndjson --topic customer.updated\n"
    assert sections["3"].endswith(again)
    sections["3"] += again
    with walk(PAGE, tmp_path) as terminal:
        connected, ingested, sent, looked, decided, broken, _ = terminal.follow(
            [sections[number] for number in "234567"]
        )
    assert connected.count("created") == 2
    assert ingested.splitlines()[-2:] == ["3 accepted, 0 duplicates, 0 refused", "0 accepted, 3 duplicates, 0 refused"]
    assert sent.split("\n")[:3] == ['{"accepted":1,"duplicates":0} 200'] * 2 + ['{"accepted":0,"duplicates":1} 200']
    assert len(re.findall(r"^cus_", looked, re.MULTILINE)) == 3
    assert "shop:7064" in looked
    assert "till:T-1" in looked
    assert '"outstanding"' in looked
    assert '"external_id":"7064"' in looked.replace(": ", ":")
    merged, undone = re.findall(r"(?:^cus_.*\n)+", decided, re.MULTILINE)
    assert (merged.count("\n"), undone.count("\n")) == (2, 3), decided
    assert re.search(r"\bbirthday\b", broken)
