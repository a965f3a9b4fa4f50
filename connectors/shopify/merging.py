"""Making two customers one, and having a person's data erased: Shopify's own means for both.

Source: shopify.dev, customerMerge (the one whose e-mail is kept stays; the work is a job) and
customerRequestDataErasure (needs the scope write_customer_data_erasure; Shopify erases later).
"""

from __future__ import annotations

from collections.abc import Sequence

from connectors.shopify.documents import CODED_ERRORS, Step, document, payload_of
from connectors.shopify.refusal import GONE, refusal
from connectors.shopify.writing import CustomerWriter, gid
from hub.errors import RejectedError
from hub.sdk.connector import WriteResult


def merge(writer: CustomerWriter, kept: str, gone: Sequence[str]) -> WriteResult:
    """Merges each of `gone` into `kept`; those that are no longer there count as merged.

    The result names the customer that is left: Shopify keeps `kept` where that one has an e-mail, or
    none of them has. Raises `RejectedError` for what Shopify cannot merge (gift cards, subscriptions,
    a company's contact).
    """
    left = kept
    for other in gone:
        node, double = writer.read(left), writer.read(other)
        if double is None:
            continue
        if node is None:
            raise RejectedError(f"{writer.client.connection}: customers {left}: gone from the shop", code=GONE)
        has_email = bool((node.get("defaultEmailAddress") or {}).get("emailAddress"))
        # With no e-mail at all, Shopify keeps the second.
        arguments = {"customerOneId": ("ID!", double["id"]), "customerTwoId": ("ID!", node["id"])}
        override = {"customerIdOfEmailToKeep": node["id"]} if has_email else None
        more = {"overrideFields": ("CustomerMergeOverrideFields", override)} if override else {}
        step = Step("customerMerge", {**arguments, **more}, f"resultingCustomerId job{{id done}} {CODED_ERRORS}")
        answer = writer.client.change(*document([step], "")).get("s0") or {}
        error = refusal(
            f"{writer.client.connection}: customers {left}, {other}", step.name, answer.get("userErrors") or ()
        )
        if error is not None:
            raise error
        left = str(answer.get("resultingCustomerId") or node["id"]).rsplit("/", 1)[-1]
    node = writer.read(left)
    return WriteResult(left, node.get("updatedAt") if node else None, payload_of(node) if node else None)


def erase(writer: CustomerWriter, external_id: str) -> None:
    """Asks Shopify to erase a customer's data; one that is gone has none."""
    step = Step("customerRequestDataErasure", {"customerId": ("ID!", gid(external_id))}, f"customerId {CODED_ERRORS}")
    answer = writer.client.change(*document([step], "")).get("s0") or {}
    error = refusal(f"{writer.client.connection}: customers {external_id}", step.name, answer.get("userErrors") or ())
    if error is not None and error.code != GONE:
        raise error
