"""Other rules for the same events: every customer and every order comes out different under them."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from bench.site import Site
from hub import bootstrap
from hub.flow import release

_MONEY = ("items", "discount", "shipping", "tax", "total")
_HEAD = "from: webhook/{}\nroot: data\nid: id\nversion: updated_at\nat: updated_at\n"
CUSTOMERS = f"""kind: customer
{_HEAD.format("customers")}in:
  full_name: full_name
  family_name: family_name
  given_name: given_name
  status: status
  language: language
  tags: tags
  identities: {{each: identities, namespace: namespace, value: value, verified: verified, role: role}}
  addresses: {{each: addresses, country: country, province: province, city: city, district: district, street: street, postcode: postcode}}
  note: {{path: note, to: upper}}
"""
ORDERS = f"""kind: order
{_HEAD.format("orders")}in:
  number: number
  channel: channel
  currency: currency
  tax_inclusive: tax_inclusive
  placed_at: placed_at
  customer: {{ref: customers, path: customer}}
  state: state
  lines:
    each: lines
    line_id: line_id
    sku: sku
    title: title
    quantity: quantity
    unit_price: unit_price
    discount: discount
    total: total
    line_kind: line_kind
{"".join(f"  totals.{name}: totals.{name}{chr(10)}" for name in _MONEY)}  addresses.shipping.country: addresses.shipping.country
  addresses.shipping.city: addresses.shipping.city
  addresses.shipping.street: addresses.shipping.street
  addresses.shipping.recipient_name: addresses.shipping.recipient_name
  buyer_note: {{path: buyer_note, to: upper}}
"""


def put_in_force(place: Site, name: str) -> None:
    """Makes a release of them the one that database's hub works by."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "customers.yaml").write_text(CUSTOMERS)
        (Path(folder) / "orders.yaml").write_text(ORDERS)
        settings = replace(place.settings_of(name), mappings_dir=Path(folder))
        hub = bootstrap.start(settings, pool_size=2, from_disk=True)
        try:
            release.activate(hub)
        finally:
            hub.close()
