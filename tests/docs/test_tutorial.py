"""The tutorial's commands, as they stand in the page, show what the page says."""

from __future__ import annotations

from pathlib import Path

from tests.docs.walk import MARKS, sections_of, walk

PAGE = "tutorials/map-a-new-system.md"
pytestmark = MARKS


def test_tutorial_when_followed_then_shows_what_it_says(tmp_path: Path) -> None:
    sections = sections_of(PAGE)
    assert list(sections) == ["1", "2", "3", "4", "5", "6"]
    with walk(PAGE, tmp_path) as terminal:
        taken, looked, ran, rest, back, _ = terminal.follow([sections[number] for number in "23456"])
    assert "data is not an object" in taken
    assert "0 faults" in looked
    assert "customer: 3 created" in looked
    assert "3 events that wait in quarantine would be done" in looked
    assert "release 2 is in force" in ran
    assert "3 events run again" in ran
    assert ran.count("cus_") == 3
    first, second = rest.split("1 would be set aside (0 are today)")
    assert "customer: 2 updated" in first
    assert "webhook/customers.yaml:9" in second
    assert "customer: 3 updated" in second
    assert "解放碑步行街8号" in rest
    assert "kassa:8803" in rest
    before, after = back.split("no golden record would change")
    assert '"sex": "男"' in before
    assert "mirror: 3 update" in after
    assert '"sex": "M"' in after
    assert '"sex": "男"' not in after.split("is in force")[1]
