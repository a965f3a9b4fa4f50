"""What can be done to a shop's customers from outside, with the traps of the real thing.

`customerSet` replaces lists; e-mail and phone are unique in the shop; a change that changes nothing
sends no webhook; a customer with orders cannot be deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from connectors.shopify.simulator import contact
from connectors.shopify.simulator.contact import RefusedError
from connectors.shopify.simulator.node import customer as node_of
from connectors.shopify.simulator.query import QueryError
from connectors.shopify.simulator.shop import Hook, Shop

Errors = list[dict[str, Any]]
_SCALARS = {"firstName": "first_name", "lastName": "last_name", "note": "note"}
_INPUT_STATES = ("SUBSCRIBED", "UNSUBSCRIBED", "PENDING")


class Customers:
    """The mutations of customers. Each returns its payload and, into `hooks`, what Shopify then sends."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.hooks: list[Hook] = []
        self.is_defined = False
        """Whether the metafield with the hub's id has its definition."""

    def by(self, identifier: Mapping[str, Any]) -> dict[str, Any] | None:
        """The customer that an identifier means."""
        if "customId" in identifier:
            if not self.is_defined:
                raise QueryError("Metafield definition of type 'id' is required when using custom ids.", "NOT_FOUND")
            return self._first(self.shop.register.with_ref(identifier["customId"]["value"]))
        if "id" in identifier:
            return self.shop.customers.get(_number(identifier["id"]))
        name = "email" if identifier.get("email") or identifier.get("emailAddress") else "phone"
        value = next(iter(identifier.values()))
        tidied = contact.email(value) if name == "email" else contact.phone(value)
        return self._first(self.shop.register.with_value(name, tidied))

    def _first(self, numbers: Iterable[int]) -> dict[str, Any] | None:
        return next((self.shop.customers[each] for each in numbers if each in self.shop.customers), None)

    def set(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`customerSet`."""
        identifier, given = arguments.get("identifier") or {}, arguments["input"]
        held = self.by(identifier) if identifier else None
        if "id" in identifier and held is None:
            return _refused(
                "customer", ["identifier", "id"], "NOT_FOUND", "Resource matching the identifier was not found."
            )
        changes, errors = self._changes({name: value for name, value in given.items() if name != "locale"}, held)
        if (
            not errors
            and held is None
            and not any(changes.get(n) for n in ("first_name", "last_name", "email", "phone"))
        ):
            errors = [_error(["input"], "BLANK", "A name, phone number, or email address must be present")]
        if errors:
            return {"customer": None, "userErrors": errors}
        if held is None:
            made = self.shop.add_customer(state="disabled", **changes)
            self.hooks += made
            held = self.shop.customers[made[0][1]["id"]]
        else:
            self._change(held, changes)
        unsaid = dict(self.shop.unsaid.get(held["id"], {}))
        unsaid |= {"locale": given["locale"]} if "locale" in given else {}
        unsaid |= {"hub_ref": identifier["customId"]["value"]} if "customId" in identifier else {}
        self.shop.unsaid[held["id"]] = unsaid
        return {"customer": node_of(held, unsaid), "userErrors": []}

    def _changes(self, given: Mapping[str, Any], held: Mapping[str, Any] | None) -> tuple[dict[str, Any], Errors]:
        changes: dict[str, Any] = {}
        errors: Errors = []
        for name, value in given.items():
            try:
                changes |= self._change_of(name, value, held)
            except RefusedError as error:
                errors.append(_error(["input", name], error.code, str(error)))
        return changes, errors

    def _change_of(self, name: str, value: Any, held: Mapping[str, Any] | None) -> dict[str, Any]:
        if name in _SCALARS:
            return {_SCALARS[name]: (value.strip() if isinstance(value, str) else value) or None}
        if name in ("email", "phone"):
            tidied = contact.email(value) if name == "email" else contact.phone(value)
            own = held["id"] if held else None
            if any(number != own for number in self.shop.register.with_value(name, tidied)):
                raise RefusedError("TAKEN", f"{name.title()} has already been taken")
            return {name: tidied}
        if name == "tags":
            return {"tags": ", ".join(sorted(contact.tags(value)))}
        if name == "addresses":
            made = [contact.address(each, self.shop.next_number()) for each in value]
            return {"addresses": made, "default_address": made[0] if made else None}
        raise QueryError(f"Field '{name}' is not defined on CustomerSetInput", "argumentNotAccepted")

    def add_tags(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`tagsAdd`."""
        return self._with(arguments, "id", lambda held: self._retag(held, more=arguments["tags"]))

    def remove_tags(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`tagsRemove`."""
        return self._with(arguments, "id", lambda held: self._retag(held, less=arguments["tags"]))

    def add_address(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`customerAddressCreate`: the first one becomes the default."""

        def act(held: dict[str, Any]) -> None:
            made = contact.address(arguments["address"], self.shop.next_number())
            if any(contact.same_address(made, each) for each in held["addresses"]):
                raise RefusedError("TAKEN", "Address has already been taken")
            changes = {"addresses": [*held["addresses"], made]}
            self._change(held, changes | ({} if held["default_address"] else {"default_address": made}))

        return self._with(arguments, "customerId", act)

    def remove_address(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`customerAddressDelete`: the next one becomes the default."""

        def act(held: dict[str, Any]) -> None:
            number = _number(arguments["addressId"])
            left = [each for each in held["addresses"] if each["id"] != number]
            if len(left) == len(held["addresses"]):
                raise RefusedError("NOT_FOUND", "Address does not exist")
            default = held["default_address"]
            if default and default["id"] == number:
                default = left[0] if left else None
            self._change(held, {"addresses": left, "default_address": default})

        return self._with(arguments, "customerId", act)

    def consent(self, arguments: Mapping[str, Any], channel: str) -> dict[str, Any]:
        """`customerEmailMarketingConsentUpdate` and the same for SMS."""
        given = arguments["input"]

        def act(held: dict[str, Any]) -> None:
            state = given[f"{channel}MarketingConsent"]["marketingState"]
            if not held.get("email" if channel == "email" else "phone") or state not in _INPUT_STATES:
                raise RefusedError("INVALID", "Marketing consent is invalid")
            made = {"state": state.lower(), "opt_in_level": "single_opt_in", "consent_updated_at": self.shop.now()}
            self._change(held, {f"{channel}_marketing_consent": made})

        return self._with(given, "customerId", act)

    def delete(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`customerDelete`: only without orders."""
        given = arguments["input"]

        def act(held: dict[str, Any]) -> None:
            if self._orders_of(held["id"]):
                raise RefusedError("INVALID", "Customer can’t be deleted because they have associated orders")
            self.hooks += self.shop.remove_customer(held["id"])

        return {"deletedCustomerId": given["id"], **self._with(given, "id", act)}

    def merge(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`customerMerge`: the chosen e-mail's owner stays, else the only one with an e-mail, else the second."""
        one, two = (self.shop.customers.get(_number(arguments[n])) for n in ("customerOneId", "customerTwoId"))
        if one is None or two is None:
            return {"resultingCustomerId": None, "job": None,
                    "userErrors": [_error(["customerOneId"], "INVALID_CUSTOMER_ID", "Customer ID is invalid")]}  # fmt: skip
        chosen = (arguments.get("overrideFields") or {}).get("customerIdOfEmailToKeep")
        kept = one if chosen and _number(chosen) == one["id"] else two
        if not chosen and one["email"] and not two["email"]:
            kept = one
        gone = two if kept is one else one
        for order in self._orders_of(gone["id"]):
            order["customer"] = dict(kept)
        self.hooks += self.shop.remove_customer(gone["id"])
        more = [
            each for each in gone["addresses"] if not any(contact.same_address(each, own) for own in kept["addresses"])
        ]
        tags = contact.tags((*contact.listed(kept["tags"]), *contact.listed(gone["tags"])))
        self._change(kept, {
            "phone": kept["phone"] or gone["phone"], "email": kept["email"] or gone["email"],
            "tags": ", ".join(sorted(tags)), "addresses": [*kept["addresses"], *more],
            "default_address": kept["default_address"] or gone["default_address"],
        })  # fmt: skip
        number = f"gid://shopify/Customer/{kept['id']}"
        return {"resultingCustomerId": number, "job": {"id": "gid://shopify/Job/1", "done": True}, "userErrors": []}

    def request_erasure(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """`customerRequestDataErasure`: only noted; Shopify erases days later."""
        errors = []
        if _number(arguments["customerId"]) in self.shop.customers:
            self.shop.to_erase.add(_number(arguments["customerId"]))
        else:
            errors = [_error(["customerId"], "DOES_NOT_EXIST", "Customer does not exist")]
        return {"customerId": arguments["customerId"], "userErrors": errors}

    def _orders_of(self, number: int) -> list[dict[str, Any]]:
        return [each for each in self.shop.orders.values() if (each.get("customer") or {}).get("id") == number]

    def _retag(self, held: dict[str, Any], *, more: list[str] | None = None, less: list[str] | None = None) -> None:
        gone = {each.casefold() for each in contact.tags(less or ())}
        kept = [each for each in contact.listed(held["tags"]) if each.casefold() not in gone]
        self._change(held, {"tags": ", ".join(sorted(contact.tags((*kept, *(more or ())))))})

    def _with(self, given: Mapping[str, Any], name: str, act: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        held = self.shop.customers.get(_number(given[name]))
        if held is None:
            return {"userErrors": [_error([name], "", "Customer does not exist")]}
        try:
            act(held)
        except RefusedError as error:
            return {"userErrors": [_error([name], "", str(error))]}
        return {"userErrors": []}

    def _change(self, held: dict[str, Any], changes: Mapping[str, Any]) -> None:
        differing = {name: value for name, value in changes.items() if held.get(name) != value}
        if differing:
            self.hooks += self.shop.change_customer(held["id"], **differing)


def _refused(name: str, path: list[str], code: str, message: str) -> dict[str, Any]:
    return {name: None, "userErrors": [_error(path, code, message)]}


def _error(path: list[str], code: str, message: str) -> dict[str, Any]:
    return {"__typename": "UserError", "field": path, "message": message, "code": code or None}


def _number(gid: Any) -> int:
    return int(str(gid).rsplit("/", 1)[-1].partition("?")[0] or 0)
