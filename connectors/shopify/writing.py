"""Writing customers: one of the hub's deliveries becomes as few calls as it needs.

`customerSet` replaces lists: addresses and tags that its input does not name are deleted. So the
customer is read first, and lists are in its input only where they change, with all that the shop
holds beside the hub's values. What the shop is given between the reading and the writing is its own
word to the hub, which writes it back. Source: shopify.dev, customerSet.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.shopify import documents
from connectors.shopify.change import SCALARS, Node, change_of, consent_steps, set_step, step_of
from connectors.shopify.client import Client, NoDefinitionError
from connectors.shopify.completing import complete
from connectors.shopify.definition import HubField, ensure_definition
from connectors.shopify.documents import Step, payload_of
from connectors.shopify.queries import CUSTOMERS
from connectors.shopify.refusal import GONE, refusal, taken_fields
from hub.errors import RejectedError, RetryableError, UnknownOutcomeError
from hub.sdk.connector import Delivery, Found, WriteResult

_MARGIN_S = 0.05


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
        step = set_step(self.hub_field.identifier(delivery.hub_ref), given)
        try:
            node = self._set(delivery, step)
        except NoDefinitionError:
            ensure_definition(self.client, self.hub_field)
            node = self._set(delivery, step)
        consents = consent_steps(delivery, node)
        if consents:
            with _after_a_deed():
                self._carry_out(delivery, consents)
            node = self._again(node)
        return _result(node)

    def _update(self, delivery: Delivery, node: Node) -> WriteResult:
        step, consents = step_of(change_of(delivery, node), node), consent_steps(delivery, node)
        if step is not None or consents:
            _let_its_second_pass(node)
        if consents:
            self._carry_out(delivery, consents)
        with _after_a_deed() if consents else nullcontext():
            if step is not None and step.name == "customerSet":
                return _result(self._set(delivery, step))
            if step is not None:
                self._carry_out(delivery, [step])
        return _result(self._again(node) if step is not None or consents else node)

    def _set(self, delivery: Delivery, step: Step) -> Node:
        try:
            (answer,) = self._carry_out(delivery, [step])
        except TakenError as error:
            raise self._taken(error, step.arguments["input"][1]) from None
        with _after_a_deed():
            node = self._whole(answer.get("customer"))
        if node is None:
            raise UnknownOutcomeError(f"{self._where(delivery)}: Shopify answered customerSet without the customer")
        return node

    def _again(self, node: Node) -> Node:
        with _after_a_deed():
            return self.read(str(node["legacyResourceId"])) or node

    def _delete(self, delivery: Delivery) -> WriteResult:
        node = self.read(delivery.external_id or "")
        if node is None:
            return WriteResult(delivery.external_id)
        if (node.get("hubRef") or {}).get("value") != delivery.hub_ref:
            raise RejectedError(
                f"{self._where(delivery)}: the hub deletes only customers that it made itself; delete it in the shop",
                code="not_ours",
            )
        step = Step("customerDelete", {"input": ("CustomerDeleteInput!", {"id": node["id"]})})
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


@contextmanager
def _after_a_deed() -> Iterator[None]:
    """What fails in the block fails after Shopify carried something out: the delivery is not simply repeated."""
    try:
        yield
    except RetryableError as error:
        raise UnknownOutcomeError(f"{error}; a part of it was done") from error


def _result(node: Node) -> WriteResult:
    return WriteResult(str(node["legacyResourceId"]), node.get("updatedAt"), payload_of(node))


def found_of(node: Node | None) -> Found | None:
    """A node as the hub wants what was read."""
    return None if node is None else Found(str(node["legacyResourceId"]), node.get("updatedAt"), payload_of(node))


def _let_its_second_pass(node: Node) -> None:
    """Waits, a second at most, until our change cannot have the same time as the one before it.

    Shopify's times are whole seconds: a change of ours within the second of the shop's own last one
    could not be told from it, and what the shop said would look like our echo.
    """
    if not node.get("updatedAt"):
        return
    age_s = time.time() - datetime.fromisoformat(str(node["updatedAt"])).timestamp()
    if 0 <= age_s < 1:
        time.sleep(1 + _MARGIN_S - age_s)


def gid(external_id: str) -> str:
    """A customer's id in GraphQL."""
    return f"gid://shopify/Customer/{external_id}"
