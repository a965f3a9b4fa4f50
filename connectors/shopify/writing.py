"""Writing customers: one of the hub's deliveries becomes as few calls as it needs.

`customerSet` replaces lists: addresses and tags that its input does not name are deleted. So lists
are in its input only when it makes a new customer; later they are added and taken away one by one,
and what the shop holds beside the hub's values is left alone. Source: shopify.dev, customerSet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors.shopify import documents
from connectors.shopify.change import SCALARS, Node, address_steps, consent_steps, differing, tag_steps
from connectors.shopify.client import Client, NoDefinitionError
from connectors.shopify.completing import complete
from connectors.shopify.definition import HubField, ensure_definition
from connectors.shopify.documents import CODED_ERRORS, CUSTOMER, Step, payload_of
from connectors.shopify.queries import CUSTOMERS
from connectors.shopify.refusal import GONE, refusal, taken_fields
from hub.errors import RejectedError, RetryableError, UnknownOutcomeError
from hub.sdk.connector import Delivery, Found, WriteResult


@dataclass(frozen=True, slots=True)
class CustomerWriter:
    """Carries deliveries of customers out. `directive`: the mutations that take `@idempotent`. Keeps no state."""

    client: Client
    hub_field: HubField
    directive: frozenset[str] = frozenset()

    def write(self, delivery: Delivery) -> WriteResult:
        """Creates, changes or deletes one customer.

        Raises `RejectedError` with the code `taken` when another customer has the e-mail or phone,
        `gone` when this one is no longer there; `UnknownOutcomeError` when the answer got lost.
        """
        if delivery.delete:
            return self._delete(delivery)
        if delivery.external_id is not None:
            node = self.read(delivery.external_id)
            if node is None:
                raise RejectedError(f"{self._where(delivery)}: the customer is gone from the shop", code=GONE)
        else:
            # A create that was carried out already, its answer lost, goes on as an update of what it made.
            node = self.by_hub_ref(delivery.hub_ref)
            if node is None:
                return self._create(delivery)
        return self._update(delivery, node)

    def read(self, external_id: str) -> Node | None:
        """A customer as it is now; None when it is gone."""
        if not external_id.isdecimal():
            return None
        answer = self.client.ask(documents.READ, {"id": gid(external_id), **self._field})
        return self._whole(answer.get("customer"))

    def by_hub_ref(self, hub_ref: str) -> Node | None:
        """The customer that carries the hub's id; None without one, or while the metafield is not defined yet."""
        try:
            return self._by(self.hub_field.identifier(hub_ref))
        except NoDefinitionError:
            return None

    def by_contact(self, identities: Sequence[Mapping[str, Any]]) -> Node | None:
        """The customer with one of the proven e-mails or phones, unless the hub made it for somebody else."""
        names = {"email": "emailAddress", "phone": "phoneNumber"}
        for each in identities:
            name = names.get(str(each.get("namespace")))
            if name is None or each.get("verified") in (None, "none"):
                continue
            node = self._by({name: str(each["value"])})
            if node is not None and not node.get("hubRef"):
                return node
        return None

    def _by(self, identifier: Mapping[str, Any]) -> Node | None:
        answer = self.client.ask(documents.FIND, {"identifier": identifier, **self._field})
        return self._whole(answer.get("customerByIdentifier"))

    def _whole(self, node: Node | None) -> Node | None:
        """The node with all its addresses, however many."""
        if node is None:
            return None
        whole = dict(node)
        cut = complete(whole, CUSTOMERS.type, CUSTOMERS.nested, self.client.ask)
        if cut:
            raise RetryableError(f"{self.client.connection}: {cut}")
        return whole

    def _create(self, delivery: Delivery) -> WriteResult:
        data = delivery.data
        given = {name: data[name] for name in (*SCALARS, "tags", "addresses") if data.get(name)}
        identifier = self.hub_field.identifier(delivery.hub_ref)
        try:
            node = self._set(delivery, given, identifier)
        except NoDefinitionError:
            ensure_definition(self.client, self.hub_field)
            node = self._set(delivery, given, identifier)
        return self._finish(delivery, node, consent_steps(delivery, node))

    def _update(self, delivery: Delivery, node: Node) -> WriteResult:
        scalars = differing(delivery, node)
        if scalars:
            node = self._set(delivery, scalars, {"id": node["id"]})
        steps = [*tag_steps(delivery, node), *address_steps(delivery, node), *consent_steps(delivery, node)]
        return self._finish(delivery, node, steps)

    def _set(self, delivery: Delivery, given: Mapping[str, Any], identifier: Mapping[str, Any]) -> Node:
        step = Step(
            "customerSet",
            {"identifier": ("CustomerSetIdentifiers", identifier), "input": ("CustomerSetInput!", given)},
            f"customer{{{CUSTOMER}}} {CODED_ERRORS}",
        )
        try:
            (answer,) = self._carry_out(delivery, [step])
        except TakenError as error:
            raise self._taken(error, given) from None
        node = self._whole(answer.get("customer"))
        if node is None:
            raise UnknownOutcomeError(f"{self._where(delivery)}: Shopify answered customerSet without the customer")
        return node

    def _finish(self, delivery: Delivery, node: Node, steps: Sequence[Step]) -> WriteResult:
        if steps:
            self._carry_out(delivery, steps)
            node = self.read(str(node["legacyResourceId"])) or node
        return WriteResult(str(node["legacyResourceId"]), node.get("updatedAt"), payload_of(node))

    def _delete(self, delivery: Delivery) -> WriteResult:
        if delivery.external_id is None:
            return WriteResult()
        step = Step("customerDelete", {"input": ("CustomerDeleteInput!", {"id": gid(delivery.external_id)})})
        try:
            self._carry_out(delivery, [step])
        except RejectedError as error:
            if error.code != GONE:
                raise
        return WriteResult(delivery.external_id)

    def _carry_out(self, delivery: Delivery, steps: Sequence[Step]) -> list[Mapping[str, Any]]:
        query, variables = documents.document(steps, delivery.idempotency_key, self.directive)
        more = self._field if "$namespace" in query else {}
        answer = self.client.change(query, {**variables, **more})
        found = [answer.get(f"s{n}") or {} for n in range(len(steps))]
        for step, each in zip(steps, found, strict=True):
            errors = each.get("userErrors") or ()
            error = refusal(self._where(delivery), step.name, errors)
            if error is not None:
                fields = taken_fields(errors)
                raise TakenError(str(error), fields) if fields else error
        return found

    def _taken(self, error: TakenError, given: Mapping[str, Any]) -> RejectedError:
        """The same with the record that has the e-mail or phone, for the person who decides."""
        names = {"email": "emailAddress", "phone": "phoneNumber"}
        for name in error.fields:
            holder = self._by({names[name]: given[name]}) if given.get(name) else None
            if holder is not None:
                text = f"{error} (customer {holder['legacyResourceId']}): merge the two, or give them different ones"
                return RejectedError(text, code=error.code)
        return RejectedError(str(error), code=error.code)

    def _where(self, delivery: Delivery) -> str:
        return f"{self.client.connection}: {delivery.object_type} {delivery.external_id or delivery.hub_ref}"

    @property
    def _field(self) -> dict[str, Any]:
        return {"namespace": self.hub_field.namespace, "key": self.hub_field.key}


class TakenError(RejectedError):
    """Another customer has the e-mail or phone. `fields`: which of the two."""

    def __init__(self, message: str, fields: Sequence[str]) -> None:
        super().__init__(message, code="taken")
        self.fields = tuple(fields)


def found_of(node: Node | None) -> Found | None:
    """A node as the hub wants what was read."""
    return None if node is None else Found(str(node["legacyResourceId"]), node.get("updatedAt"), payload_of(node))


def gid(external_id: str) -> str:
    """A customer's id in GraphQL."""
    return f"gid://shopify/Customer/{external_id}"
