"""What goes out comes back as the same: proved for every mapping file with an `out`, over records of any content.

A golden record is shown to the system, written to its simulator, read back, and mapped: nothing of it may look
like news, and shown again it must be the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub import registry
from hub.flow.trial import MappingTrial
from hub.model.example import example_of
from hub.model.kind import Field, Kind
from hub.model.kinds import KINDS
from hub.model.observation import Draft
from hub.model.schema import Plurals, schema_of
from hub.sdk import Delivery, RawEvent
from tests.connectors.mapped import mapper

PLURALS = Plurals({kind.name: kind.plural for kind in KINDS.values()})
CONNECTORS = ("shopify", "webhook", "zoho")
CASES = [(name, kind) for name in CONNECTORS for kind in KINDS if mapper(name).shows(kind)]

PEOPLE = [
    "李雷",
    "欧阳娜娜",
    "Lei Li",
    "Anna Maria Smith",
    "李",
    "Cher",
    "阿凡提·买买提",
    "王 小明",
    "O'Neil",
    "やまだ太郎",
]
WORDS = st.one_of(
    st.sampled_from(
        ["vip", "VIP", "老客", "a b", "ＡＢ", "é", "茶 🍵", "1", "x-y_z", "南京西路 1 号", '"', "<b>", "a\nb"]
    ),
    st.text(
        st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Co", "Cn"]),
        min_size=1,
        max_size=8,
    ),
)
IDENTITIES = st.lists(
    st.sampled_from(
        [
            {"namespace": "phone", "value": "+8613912345678", "verified": "otp"},
            {"namespace": "phone", "value": "+862162880000", "role": "household"},
            {"namespace": "phone", "value": "+85291234567"},
            {"namespace": "phone", "value": "138****0000"},
            {"namespace": "phone", "value": "13800000000"},
            {"namespace": "email", "value": "li@example.com", "verified": "none"},
            {"namespace": "email", "value": "lei.li+tea@example.cn"},
            {"namespace": "email", "value": "l***@example.com"},
            {"namespace": "wechat_unionid", "scope": "open1", "value": "o6_bmasdasdsad6_2sgVt7hMZOPfL"},
            {"namespace": "member_no", "scope": "tea", "value": "8801"},
        ]
    ),
    max_size=5,
    unique_by=lambda one: one["value"],
)
PLACES = st.sampled_from(
    [
        {"country": "CN", "province": "上海市", "city": "上海市", "district": "静安区"},
        {"country": "CN", "province": "上海", "city": "上海市", "district": "静安区", "adcode": "310106"},
        {"country": "CN", "province": "西藏自治区", "city": "拉萨市"},
        {"country": "CN", "province": "江苏省", "city": "苏州市", "district": "昆山市", "postcode": "215300"},
        {"country": "CA", "province": "Ontario", "city": "Ottawa", "postcode": "K2P 1L4"},
        {"country": "US"},
        {"city": "南京市"},
        {},
    ]
)
RECIPIENTS = st.sampled_from(
    [
        {},
        {"recipient_name": "李雷", "recipient_phone": "+8613912345678"},
        {"recipient_name": "Lei Li"},
        {"recipient_phone": "138****0000"},
    ]
)
STREETS = st.sampled_from(
    [{}, {"street": "南京西路 1 号"}, {"street": "150 Elgin St"}, {"street": "中山路 2 号", "raw": "南京中山路2号"}]
)
ADDRESSES = st.lists(
    st.builds(lambda place, street, who: {**place, **street, **who}, PLACES, STREETS, RECIPIENTS).filter(bool),
    max_size=3,
)
PLAUSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "identities": IDENTITIES,
    "addresses": ADDRESSES,
    "full_name": st.sampled_from(PEOPLE),
    "given_name": st.sampled_from(["雷", "娜娜", "Lei", "Anna Maria"]),
    "family_name": st.sampled_from(["李", "欧阳", "Li", "Smith"]),
    "birthday": st.sampled_from(
        [
            {"year": 1990, "month": 2, "day": 28},
            {"month": 2, "day": 29},
            {"year": 1988, "month": 8, "day": 8, "calendar": "lunar"},
        ]
    ),
    "language": st.sampled_from(["zh-CN", "en", "pt-BR"]),
    "tags": st.lists(WORDS, max_size=3),
}
LEAVES: dict[str, st.SearchStrategy[Any]] = {
    "text": WORDS,
    "money": st.builds(lambda n: {"amount": f"{n / 100:.2f}", "currency": "CNY"}, st.integers(-(10**9), 10**9)),
    "unit_price": st.builds(lambda n: {"amount": f"{n / 1000:.3f}", "currency": "CNY"}, st.integers(0, 10**9)),
    "decimal": st.decimals(-1000, 1000, places=3).map(str),
    "integer": st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
    "time": st.datetimes().map(lambda t: t.isoformat() + "Z"),
    "date": st.dates().map(str),
    "ref": st.sampled_from([{"external_id": "7"}, {"external_id": "a:b"}]),
}  # fmt: skip


def _value(field: Field, type_: str) -> st.SearchStrategy[Any]:
    if type_ == "enum":
        return st.sampled_from(field.choices)
    if field.fields:
        whole = {one.name: _field(one) for one in field.fields if one.required}
        return st.fixed_dictionaries(
            whole, optional={one.name: _field(one) for one in field.fields if not one.required}
        )
    if field.format:
        return st.sampled_from(["CNY", "EUR"])
    return st.just("CN") if field.name == "country" else LEAVES[type_]


def _field(field: Field) -> st.SearchStrategy[Any]:
    if field.name in PLAUSIBLE and (field.name != "addresses" or field.type == "list"):
        return PLAUSIBLE[field.name]
    if field.type == "list":
        return st.lists(_value(field, field.of), max_size=2)
    if field.type == "map":
        return st.dictionaries(WORDS, _value(field, field.of), max_size=2)
    return _value(field, field.type)


def _records(kind: Kind, shown: tuple[str, ...]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of an example's fields, others with any content; canonical, as golden records are."""
    fields = [field for field in kind.fields if not field.derived and field.name in shown]
    drawn = st.fixed_dictionaries({}, optional={field.name: _field(field) for field in fields})
    # Nobody writes a customer without any name.
    mandatory = {
        name: one for name, one in example_of(kind).items() if kind.by_name[name].required or name == "full_name"
    }
    return drawn.map(lambda data: {**mandatory, **data})


def _canonical(kind: Kind, data: dict[str, Any], connection: str) -> dict[str, Any]:
    loaded: dict[str, Any] = schema_of(kind, partial=True, connection=connection, plurals=PLURALS).load(data)
    return _own_references(loaded, connection)


def _own_references(value: Any, connection: str) -> Any:
    """References to records of the system itself, as those are that it can be told of."""
    if isinstance(value, list):
        return [_own_references(one, connection) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"connection", "object_type", "external_id"}:
        return {**value, "connection": connection}
    return {name: _own_references(one, connection) for name, one in value.items()}


class Peer:
    """A simulated system with its connector, and the mappings of both directions."""

    def __init__(self, name: str) -> None:
        self.harness = import_module(f"connectors.{name}.conformance").HARNESSES[0](mapper(name))
        self.mapper: MappingTrial = mapper(name)
        self.simulator = self.harness.simulator()
        self.count = 0

    def start(self) -> None:
        """Opens the simulator and connects to it."""
        self.simulator.__enter__()
        self.connector: Any = self.harness.connect(self.simulator)

    def stop(self) -> None:
        """Closes both."""
        self.connector.http.close()
        self.simulator.__exit__(None, None, None)

    def write(self, draft: Draft) -> tuple[str, Any]:
        """Writes the record; its id there, and what the system then says of it."""
        self.count += 1
        data = dict(self.mapper.shown(draft).data)
        type_ = self.harness.connector.manifest.stream_of_kind(draft.kind).name
        ref = f"dlv_{self.count}"
        delivery = Delivery(draft.kind, type_, ref, f"key-{self.count}", None, data, data, f"{draft.kind}.created")
        (result,) = self.connector.write([delivery])
        assert result.error is None, repr(result.error)
        if result.stored is not None:
            return result.external_id, result.stored
        found = self.connector.find(draft.kind, ref, {})
        assert found is not None
        return result.external_id, found.data

    def read(self, draft: Draft, stored: Any) -> Draft:
        """What the mapping makes of what the system says."""
        type_ = self.harness.connector.manifest.stream_of_kind(draft.kind).name
        drafts = self.harness.drafts(RawEvent(type_, orjson.dumps(stored)))
        (found,) = [one for one in drafts if one.kind == draft.kind]
        return found


@pytest.fixture(scope="module")
def peers() -> Iterator[dict[str, Peer]]:
    found = {name: Peer(name) for name in CONNECTORS}
    for peer in found.values():
        peer.start()
    yield found
    for peer in found.values():
        peer.stop()


def test_cases_when_compared_with_what_is_installed_then_every_out_is_there() -> None:
    installed = registry.load().connectors
    assert set(CONNECTORS) == {name for name in installed if any(mapper(name).shows(kind) for kind in KINDS)}


def _prove(peer: Peer, name: str, kind: str, chosen: st.DataObject) -> None:
    outbound = peer.mapper.mappings.outbound(name, kind)
    assert outbound is not None
    data = chosen.draw(_records(KINDS[kind], outbound.fields))
    draft = Draft(kind, KINDS[kind].plural, "new", _canonical(KINDS[kind], data, peer.harness.connection), None, None)
    kept = peer.mapper.shown(draft).kept
    external_id, stored = peer.write(draft)
    peer.harness.remove(peer.simulator, external_id)  # a shop has each phone once
    back = peer.read(draft, stored)
    assert peer.mapper.news(kept, back) == []
    again = Draft(kind, draft.object_type, "new", {**kept, **back.asserted}, None, None)
    assert peer.mapper.news(peer.mapper.shown(again).kept, back) == []


@pytest.mark.parametrize("name", CONNECTORS)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.data())
def test_customer_when_written_and_read_back_then_nothing_of_it_is_new(
    peers: dict[str, Peer], name: str, chosen: st.DataObject
) -> None:
    _prove(peers[name], name, "customer", chosen)


@pytest.mark.parametrize(("name", "kind"), [case for case in CASES if case[1] != "customer"])
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(chosen=st.data())
def test_record_when_written_and_read_back_then_nothing_of_it_is_new(
    peers: dict[str, Peer], name: str, kind: str, chosen: st.DataObject
) -> None:
    _prove(peers[name], name, kind, chosen)
