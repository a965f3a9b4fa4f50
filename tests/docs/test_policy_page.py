"""The example of the page on policies comes out as the page says."""

from __future__ import annotations

import json
import re
import uuid
from pathlib import Path
from typing import Any

from hub.flow.rules import Rules
from hub.model.kinds import KINDS
from hub.rules import register
from hub.rules.policies import POLICIES, load_policies
from hub.rules.survivorship import Source, resolve

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "choose-whose-value-wins.md"


def _source(name: str, said: dict[str, Any]) -> Source:
    at = said.pop("at")
    nulls = {field: "before" for field, value in said.items() if value is None}
    lines = [(at - 0.5, nulls), (at, said)] if nulls else [(at, said)]  # a first null says nothing
    kind = KINDS["customer"]
    items = [
        register.Item((int(t * 2), 0, 0, ""), register.flatten(told, kind.identities), int(t * 2)) for t, told in lines
    ]
    return Source(uuid.uuid5(uuid.NAMESPACE_DNS, name), name, 1, "1", register.encode(register.fold(items)))


def test_example_when_its_files_are_loaded_then_it_comes_out_as_the_page_says(tmp_path: Path) -> None:
    text = PAGE.read_text(encoding="utf-8")
    policy, example = (
        re.findall(rf"^```{word}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[0] for word in ("yaml", "json")
    )
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "customer.yaml").write_text(policy, encoding="utf-8")
    rules = Rules({}, load_policies([tmp_path], KINDS), KINDS, {}, {}, b"")  # type: ignore[arg-type]
    told = json.loads(example)
    found = resolve([_source(name, said) for name, said in told["says"].items()], rules.field_rules("customer"), {})
    assert found.data == told["golden"]
    assert sorted(found.conflicts) == told["asks"]
    assert all(f"| `{name}` |" in text for name in POLICIES)
