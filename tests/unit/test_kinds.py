"""The kinds against the table of the canonical model, held here as data."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hub.model.example import example_of, sample
from hub.model.kind import Field, Kind
from hub.model.kinds import KINDS
from hub.model.schema import load

# kind -> fields; `[]` a list, `(…)` the choices of an enum, `{…}` the fields of an object or of a list's elements.
TABLE = """
customer: full_name given_name family_name nickname gender(unknown male female other)
  birthday{year month day calendar(gregorian lunar)} person_or_company company_name tax_ids[] language
  identities[]{namespace scope value verified(none otp payment oauth staff) role} addresses[]{country province city
  district street postcode adcode recipient_name recipient_phone raw} tags[] status home_store acquired_via note
order: number channel store terminal cashier customer placed_at business_date currency presentment_currency tax_inclusive
  lines[]{line_id product sku barcode title options quantity unit unit_price list_price discount
  tax_lines[]{name rate amount inclusive} total
  line_kind(product service gift_card fee exchange_in exchange_out bundle)} discounts[]{} shipping[]{}
  totals{items discount shipping tax fees tip rounding total} state(open completed cancelled) cancelled_at cancel_reason
  buyer_note staff_note addresses{billing{} shipping{}} payment_state fulfilment_state return_state paid refunded outstanding
payment: order provider method(cash card wechat_pay alipay unionpay transfer points gift_card cod other) merchant_ref
  provider_ref state(pending authorized captured failed voided chargeback) amount fee payer{} authorized_at captured_at
refund: order payment provider_ref state(pending succeeded failed) amount
  lines[]{line_id quantity amount restock(none return cancel)} shipping_amount reason requested_at settled_at
fulfilment: order state(planned packed shipped in_transit ready_for_pickup delivered failed cancelled) location lines[]{}
  tracking[]{carrier number url} shipped_at delivered_at pickup_code
return: order lines[]{line_id advised received restocked scrapped}
  custody(advised in_transit received inspected not_returned) money(not_refundable pending refunded denied) exchange_lines[]{}
settlement: provider date batch currency gross refunds fees net lines[]{provider_ref type amount fee}
location: code name location_kind(store warehouse transit online) region time_zone address{} gln brand legal_entity
  opened_on closed_on state
staff: name employee_no location role identities[]{} state
product: title brand categories[] state variants[]{sku barcodes[] options unit price cost weight_g shelf_life_days
  track_stock} media[]{}
stock_level: sku location on_hand reserved incoming safety as_of available
stock_movement: sku location quantity reason(sale return receipt adjust transfer count reserve release) cause_key occurred_at
conversation: channel channel_account customer participants[]{} state(open awaiting_customer awaiting_staff closed)
  assignee window_expires_at last_message_at
message: conversation channel direction customer to{} from{} content_type body template{id params}
  purpose(transactional marketing service)
  state(queued awaiting_staff sent delivered read clicked replied failed recalled) agent error sent_at in_reply_to campaign
  effect_key
supplier: name tax_ids[] contacts[]{} addresses[]{} currency lead_time_days minimum_order state gln
purchase_order: number version supplier ship_to currency
  state(draft sent acknowledged partially_received received closed cancelled)
  lines[]{line_no sku supplier_sku gtin unit ordered acknowledged shipped received unit_cost requested_date promised_date}
shipment_notice: number purchase_orders[] eta carrier tracking
  packages[]{sscc lines[]{po_number line_no sku quantity unit lot expiry}} state
goods_receipt: number purchase_orders[] shipment_notice location
  lines[]{po_number line_no sku quantity rejected reason lot expiry} received_at
supplier_invoice: number supplier purchase_orders[] date lines[]{} totals{} credit_note
consent: customer identity{} channel purpose status(granted denied withdrawn objected expired) basis captured_at
  captured_via evidence jurisdiction
programme: code brand owner stated_balance rules
loyalty_entry: customer programme type(earn redeem clawback restore expire adjust) points cause_key order available_at
  expires_at
behaviour: customer identity{} type subject location occurred_at properties
relation: a b type since until evidence
"""
REFERENCES = {
    "order.store": "location",
    "order.cashier": "staff",
    "order.customer": "customer",
    "customer.home_store": "location",
    "stock_level.location": "location",
    "purchase_order.ship_to": "location",
    "fulfilment.location": "location",
    "message.agent": "staff",
    "conversation.assignee": "staff",
    "refund.payment": "payment",
}
PERSONAL = (
    "customer.full_name customer.birthday customer.identities customer.addresses customer.note customer.tax_ids"
    " order.buyer_note order.addresses payment.payer fulfilment.pickup_code message.body message.to staff.name"
    " staff.identities supplier.contacts consent.evidence consent.identity conversation.participants"
)
_TOKEN = re.compile(r"(\w+)(\[\])?(?:\(([^)]*)\))?(\{)?|(\})")


def _declared(text: str) -> dict[str, tuple[bool, tuple[str, ...]]]:
    """Dotted path -> (whether it is a list, choices), of one line of the table."""
    found: dict[str, tuple[bool, tuple[str, ...]]] = {}
    open_: list[str] = []
    for name, is_list, choices, opens, closes in _TOKEN.findall(text):
        if closes:
            open_.pop()
            continue
        path = ".".join([*open_, name])
        found[path] = (bool(is_list), tuple(choices.split()))
        if opens:
            open_.append(name + is_list)
    return found


ROWS = {
    name: _declared(rest)
    for name, rest in re.findall(r"^(\w+): ((?:.|\n(?! *\w+: |\Z))+)", TABLE.strip(), re.MULTILINE)
}


def _leaves(kind: Kind) -> dict[str, Field]:
    return {path: field for path, field in kind.walk() if not field.fields}


def test_table_when_read_then_names_every_kind_of_the_first_release() -> None:
    assert set(ROWS) == set(KINDS)


@pytest.mark.parametrize("name", ROWS)
def test_kind_when_compared_with_the_table_then_has_every_field_and_choice(name: str) -> None:
    fields = dict(KINDS[name].walk())
    for path, (is_list, choices) in ROWS[name].items():
        assert path in fields, path
        assert (fields[path].type == "list") == is_list, path
        if choices:
            assert fields[path].choices == choices, path


@pytest.mark.parametrize(("path", "kind"), REFERENCES.items())
def test_reference_when_looked_up_then_names_its_kind(path: str, kind: str) -> None:
    name, _, field = path.partition(".")
    assert KINDS[name].field(field).ref == kind


@pytest.mark.parametrize("path", PERSONAL.split())
def test_personal_field_when_looked_up_then_is_marked(path: str) -> None:
    name, _, field = path.partition(".")
    assert KINDS[name].field(field).pii != "none"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_kind_when_read_then_every_leaf_has_help_and_an_example(kind: Kind) -> None:
    assert [path for path, field in _leaves(kind).items() if field.example is None] == []
    assert [path for path, field in kind.walk() if not (field.help.zh and field.help.en)] == []


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_example_of_a_kind_when_loaded_then_canonical_already(kind: Kind) -> None:
    example = example_of(kind)
    assert set(example) == {field.name for field in kind.fields} - set(kind.derived)
    assert load(kind, example) == example


def test_sample_when_of_a_map_of_objects_then_one_entry() -> None:
    field = KINDS["order"].field("totals")
    assert set(sample(field)) == {part.name for part in field.fields}
    assert sample(replace(field, type="map", of="object")) == {"example": sample(field)}


def test_groups_when_listed_then_what_survives_as_one_tuple_is_declared() -> None:
    groups = {kind.name: kind.groups for kind in KINDS.values() if kind.groups}
    assert groups == {
        "customer": {"name": ("full_name", "given_name", "family_name")},
        "stock_level": {"level": ("on_hand", "reserved", "incoming", "as_of")},
        "consent": {"consent": ("status", "basis", "captured_at", "captured_via", "evidence", "jurisdiction")},
    }


def test_entries_when_matched_then_by_what_caused_them() -> None:
    for name in ("loyalty_entry", "stock_movement"):
        (rule,) = KINDS[name].keys
        (key,) = rule({"cause_key": " Order:1001 "})
        assert (key.namespace, key.value, key.strength) == ("cause_key", "order:1001", 2)
        assert list(rule({"cause_key": " "})) == []
