"""The rules of this company, in a folder of their own (`HUB_MAPPINGS_DIR`) as every site keeps them."""

from __future__ import annotations

from pathlib import Path

from demo.systems import FOLDER as DEMO

FOLDER = "rules"
# What every earlier start of a hub has left in its data folder.
TRACE = Path("log") / "web.log"
POLICY = Path("policies") / "customer.yaml"
PRIORITY, OWNER = "priority, connections: [crm, shop]", "owner, connections: [shop, crm]"
_TEXT = """\
# Notes on a customer: those of the CRM count; where it has none, the shop's do.
default: {policy: latest}
fields:
  identities: {policy: union}
  addresses: {policy: union}
  tags: {policy: union}
  tax_ids: {policy: union}
  note: {policy: %s}
groups:
  name: {fields: [full_name, given_name, family_name], policy: latest}
"""


def folder(data_dir: Path) -> Path:
    """Where the rules of a data folder are. Of a new hub they are written at once, so that it starts with them."""
    found = data_dir / DEMO / FOLDER
    if not (data_dir / TRACE).exists():
        write_rules(found)
    return found


def write_rules(place: Path, *, shop_owns_notes: bool = False) -> bool:
    """Writes the company's rules below `place`; False when they were so before.

    `shop_owns_notes`: what the shop says of notes counts, even if that is nothing.
    """
    path, text = place / POLICY, _TEXT % (OWNER if shop_owns_notes else PRIORITY)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True
