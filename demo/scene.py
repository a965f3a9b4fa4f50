"""The scenes of the day: something happens in one system, and what the hub makes of it is looked at and said."""

from __future__ import annotations

from functools import partial
from typing import Any

from demo import cast
from demo.client import run_command
from demo.connect import NAMES, connect
from demo.rules import FOLDER, write_rules
from demo.stage import Stage
from hub.errors import HubError

READ_S = 90.0
Json = dict[str, Any]


def meet(stage: Stage) -> str:
    """Both systems are connected: read, compared, live; the same people are linked and nobody is there twice."""
    before = {name: len(_people(stage, name)) for name in NAMES}
    for name in NAMES:
        connect(stage, name)
        stage.wait(f"{name} is live", partial(_is_live, stage, name), READ_S)
        stage.drain()
    stage.wait("the CRM notifies the hub of changes", stage.crm.channels.alive)
    golden = list(stage.hub.golden("customers"))
    there = {name: len(_people(stage, name)) for name in NAMES}
    shared = before["shop"] + before["crm"] - len(golden)
    return (
        f"{shared} people are in both and linked by their e-mail; {there['shop'] - before['shop']} are created in the shop, "
        f"{there['crm'] - before['crm']} in the CRM, nobody twice: {len(golden)} customers in each"
    )


def address(stage: Stage) -> str:
    """An address changes in the shop and reaches the CRM."""
    stage.act("move")
    contact = cast.crm_id(stage.crm, cast.MOVER)
    held = stage.wait("the new address is in the CRM", lambda: _street(stage, contact))
    return f"the CRM has it: {held}"


def phone(stage: Stage) -> str:
    """A phone changes in the CRM, reaches the shop, and comes back as an echo that dies."""
    before, echoes = stage.shop.writes, stage.shop.echoes
    stage.act("call")
    number, wanted = cast.shop_id(stage.shop, cast.CALLER), "+86" + cast.NEW_PHONE.replace(" ", "")
    stage.wait("the new phone is in the shop", lambda: stage.shop.shop.customers[number]["phone"] == wanted)
    stage.drain()
    written, came = stage.shop.writes - before, stage.shop.echoes - echoes
    return f"the shop has it: {written} write; its webhook about that comes back as an echo ({came}) and dies"


def respell(stage: Stage) -> str:
    """The CRM respells the phones it is given; that is the same number, and nobody fights over it."""
    contact = cast.crm_id(stage.crm, cast.FORMATTED)
    stage.act("format")
    stage.wait("the new phone is in the CRM", lambda: _ends(stage, contact, cast.OTHER_PHONE[-4:]))
    stage.drain()
    before = stage.shop.writes + stage.crm.writes
    stage.drain()
    rest = stage.shop.writes + stage.crm.writes - before
    return f"the CRM spells it {_mobile(stage, contact)}: the same number, so the hub leaves it ({rest} further writes)"


def offline(stage: Stage) -> str:
    """Both sides edit one note while the CRM is cut off; afterwards the policy decides and a person is told."""
    _halt(stage, {"in": True, "out": True})
    try:
        stage.act("note in crm")
        stage.act("note in shop")
        # What the CRM has to say is heard before it is told anything.
        _halt(stage, {"in": False})
        stage.drain()
    finally:
        _halt(stage, {"in": False, "out": False})
    number = cast.shop_id(stage.shop, cast.DISPUTED)
    stage.wait("the note of the CRM is in the shop", lambda: stage.shop.shop.customers[number]["note"] == cast.CRM_NOTE)
    stage.drain()
    items = list(stage.hub.listed("/items", type="conflict"))
    if not items:
        raise HubError("nobody was told that the shop's newer note lost")
    return f"by policy the CRM's note counts, in the shop too; as the shop's was newer, an item asks a person: {items[0]['id']}"


def double(stage: Stage) -> str:
    """A contact is entered a second time, by the name alone: the hub cannot tell, and asks."""
    stage.act("double")
    pairs = stage.wait(
        "a person is asked about two of one name", lambda: list(stage.hub.listed("/items", type="match"))
    )
    stage.drain()
    return f"a rare name speaks for one person, and nothing else does: nobody is merged, an item asks: {pairs[0]['id']}"


def merge(stage: Stage) -> str:
    """A steward rules that two customers are one, and takes it back: everything is as it was."""
    stage.drain()
    ids = [_golden_of(stage, "shop", cast.shop_id(stage.shop, place)) for place in cast.TWINS]
    before = {name: _people(stage, name) for name in NAMES}
    act = stage.world.kept.get("merge")
    if act is None:
        act = stage.hub.merge(ids[0], ids[1], "the demo's steward: registered twice")
        stage.world.keep(merge=act)
    stage.drain()
    changed = sum(_people(stage, name)[key] != held for name in NAMES for key, held in before[name].items())
    stage.say(f"         -> one customer with the data of both; {changed} records in both systems follow")
    stage.hub.undo(act, "the demo's steward: father and son")
    stage.drain()
    again = [_golden_of(stage, "shop", cast.shop_id(stage.shop, place)) for place in cast.TWINS]
    if again != ids:
        raise HubError("the undo did not give back the customers of before")
    return "taken back: two customers again under their own ids, and both systems hold what they held"


def notes(stage: Stage) -> str:
    """An import empties a field of many customers; by policy what the CRM knows counts, and is put back."""
    before = stage.shop.writes
    stage.act("empty")
    stage.wait("the notes are back in the shop", lambda: cast.has_notes(stage.shop))
    stage.drain()
    return f"by policy the CRM's notes count: {stage.shop.writes - before} are put back in the shop"


def policy(stage: Stage) -> str:
    """A new policy would empty a field of many records: it is held as a plan, shown, discarded and taken back."""
    rules = stage.folder / FOLDER
    if "plans" not in stage.world.kept:
        write_rules(rules, shop_owns_notes=True)
        run_reload()
        plans = stage.wait("the policy change is held as a plan for each system", lambda: _held_at_both(stage))
        for plan in plans:
            stage.say(f"         -> held for a person, not sent: {_shown(plan)}")
        stage.world.keep(plans=[plan["id"] for plan in plans])
    for plan in _held(stage):
        stage.hub.call("POST", f"/plans/{plan['id']}/discard", {"reason": "the demo: notes are worth keeping"})
    write_rules(rules)
    run_reload()
    stage.drain()
    return "discarded, and the policy taken back: nobody has lost a note"


def _halt(stage: Stage, directions: Json) -> None:
    stage.hub.call("PATCH", "/connections/crm", {"halted": directions, "reason": "the demo cuts the CRM off"})


def _held(stage: Stage) -> list[Json]:
    return [plan for plan in stage.hub.listed("/plans") if plan["cause"] == "policy" and plan["state"] == "held"]


def _held_at_both(stage: Stage) -> list[Json]:
    """The plans, once those of both systems are counted."""
    found = _held(stage)
    return found if {plan["connection"] for plan in found} == set(NAMES) else []


def run_reload() -> None:
    """Lets changed rules take effect."""
    run_command("reload")


def _shown(plan: Json) -> str:
    cleared = ", ".join(f"{count} × {name}" for name, count in plan["counts"]["cleared"].items())
    return f"{plan['id']} would change {plan['counts']['update']} records in {plan['connection']} and empty {cleared}"


def _people(stage: Stage, name: str) -> dict[str, dict[str, Any]]:
    return (stage.shop if name == "shop" else stage.crm).people()


def _is_live(stage: Stage, name: str) -> bool:
    row = stage.hub.connection(name)
    return row is not None and row["phase"] == "live"


def _street(stage: Stage, contact: str) -> str:
    held = stage.crm.people()[contact]
    texts = [str(held[f"{slot}_Street"] or "") for slot in ("Mailing", "Other")]
    return next((text for text in texts if "武康路" in text), "")


def _mobile(stage: Stage, contact: str) -> str:
    return str(stage.crm.people()[contact]["Mobile"] or "")


def _ends(stage: Stage, contact: str, digits: str) -> bool:
    return _mobile(stage, contact).endswith(digits)


def _golden_of(stage: Stage, connection: str, external_id: int | str) -> str:
    query = {"connection": connection, "external_id": str(external_id)}
    found = stage.hub.call("POST", "/customers/search", query)["items"]
    return str(found[0]["id"])
