"""Pairs that wait for a steward in every state their pages can be in; automatic merges, a sample of them, a plan for many."""

from __future__ import annotations

import uuid
from itertools import count
from typing import Any

from hub.flow import match_answer, match_bulk, match_queue, match_sample
from hub.flow.match_bulk import PREFIX
from hub.model.identifier import format_id
from tests.browser.persons import TILL, golden_id
from tests.browser.world import CANARY_NAME, LONG, World
from tests.fixtures.hub import Rig, at
from tests.fixtures.match import email, item_of, phone, rid_of

SHOP = "网店"
PATTERN = "name=homophone phone=same"
_numbers = count(1)
_sent = count(50_000, 100)


def make_matches(world: World) -> None:
    """Everything of this module, through the real pipeline, by the model of `tests.fixtures.match`."""
    rig = Rig(world.hub, sent=next(_sent))
    rig.settle()  # the model is in force: all customers are linked anew
    places = {"addresses": [{"country": "CN", "city": "上海市", "district": "浦东新区", "street": "世纪大道 100 号"}]}
    born = {"birthday": {"year": 1990, "month": 5, "day": 1}}
    first = pair(rig, left={**places, **born, "full_name": CANARY_NAME}, right={**places, "full_name": "金丝雀贾"})
    number = next(_numbers)
    other = customer(rig, SHOP, f"near-{number}", 3, nickname="小雀", identities=[phone(1)])
    ids = {
        "match": first,
        "match_near": item_of(rig, other),
        "match_long": pair(rig, left={"nickname": LONG[:200], "full_name": None}, right={"full_name": "🛒مرحبا" * 12}),
        "match_guard": _guarded(rig),
        "match_taken": pair(rig),
        "match_settled": pair(rig),
        "match_put_off": pair(rig),
        "match_free": pair(rig),
    }
    _buy(rig, number=1)
    match_queue.take(world.hub, ids["match_taken"], "usr_somebody")
    long = "update item set claimed_until = now() + interval '1 day' where id = %s"
    world.hub.db.execute(long, (ids["match_taken"],))
    match_answer.answer(world.hub, ids["match_settled"], "usr_somebody", "household", "same door")
    match_answer.answer(world.hub, ids["match_put_off"], "usr_somebody", "skip")
    world.ids |= {name: format_id("itm", id_) for name, id_ in ids.items()}
    world.ids["item"] = world.ids["conflict"]
    _merge_by_score(rig, world)
    plan = match_bulk.propose(world.hub, "usr_somebody", PATTERN, "different", reason="looked at ten of them")
    world.ids["bulk"] = format_id(PREFIX, plan.id)


def customer(rig: Rig, connection: str, id_: str, minute: int, **fields: Any) -> uuid.UUID:
    """A customer of one system, settled; returns its record."""
    rig.send(connection, "customer.updated", {"id": id_, "updated_at": at(minute), **fields})
    rig.settle()
    return rid_of(rig, connection, id_)


def pair(rig: Rig, left: Any = None, right: Any = None) -> uuid.UUID:
    """Two customers of one number whose names sound alike, and the item that asks about them."""
    number = next(_numbers)
    numbers = [phone(number)]
    customer(rig, SHOP, f"ma{number}", 1, **{"full_name": "王小明", "identities": numbers, **(left or {})})
    rid = customer(rig, TILL, f"mb{number}", 5, **{"full_name": "王晓明", "identities": numbers, **(right or {})})
    return item_of(rig, rid)


def some_pairs(world: World, many: int) -> list[str]:
    """More pairs, of one's own."""
    rig = Rig(world.hub, sent=next(_sent))
    return [format_id("itm", pair(rig)) for _ in range(many)]


def _guarded(rig: Rig) -> uuid.UUID:
    """Alike enough to be one, but for their birthdays."""
    mail = email(f"guard{next(_numbers)}")
    return pair(
        rig,
        left={"identities": [mail], "birthday": {"year": 1990, "month": 5, "day": 1}},
        right={"identities": [mail], "birthday": {"year": 1971, "month": 11, "day": 28}},
    )


def guarded(world: World) -> str:
    """Such a pair, of one's own."""
    return format_id("itm", _guarded(Rig(world.hub, sent=next(_sent))))


def _buy(rig: Rig, number: int) -> None:
    """Orders, points and consents of the first pair."""
    for n, (connection, id_) in enumerate([(SHOP, f"ma{number}")] * 3 + [(TILL, f"mb{number}")]):
        who = {"connection": connection, "object_type": "customers", "external_id": id_}
        order = {"id": f"mo{n}", "updated_at": at(40 + n), "number": f"#M{n}", "placed_at": at(n), "currency": "CNY", "customer": who,
                 "totals": {"total": {"amount": "10.00", "currency": "CNY"}}}  # fmt: skip
        rig.send(SHOP, "order.updated", order)
        consent = {"id": f"mc{n}", "updated_at": at(40 + n), "channel": "sms", "purpose": "marketing", "customer": who,
                   "status": "withdrawn" if connection == TILL else "granted", "captured_at": at(40 + n)}  # fmt: skip
        rig.send(TILL, "consent.updated", consent)
    rig.settle()


def _merge_by_score(rig: Rig, world: World) -> None:
    """Two that the hub made one by score alone, and this week's sample of such merges."""
    both = {"full_name": "欧阳娜娜", "identities": [email("score"), phone(90_000_000)]}
    customer(rig, SHOP, "score-1", 1, **both)
    customer(rig, TILL, "score-2", 2, **both)
    third = {"full_name": "欧阳娜那", "identities": [phone(90_000_000)]}
    customer(rig, TILL, "score-3", 3, **third)
    world.ids["scored"] = golden_id(world, "score-1")
    for name, connection, id_ in (("scored_a", SHOP, "score-1"), ("scored_b", TILL, "score-2")):
        world.ids[name] = format_id("rec", rid_of(rig, connection, id_))
    again = {"full_name": "王小明", "identities": [email("again")]}
    customer(rig, SHOP, "again-1", 1, **again)
    customer(rig, TILL, "again-2", 2, **again)
    match_sample.draw(world.hub)
    sampled = world.hub.db.all("select id, data ->> 'weight' from item where type = 'match_sample' order by 2 desc")
    world.ids["match_sampled"] = format_id("itm", sampled[0][0])
    match_sample.judge(world.hub, sampled[1][0], "usr_somebody", "wrong", "two brothers")
