"""Names of fields and kinds, from their declarations, and the words of closed choices."""

from __future__ import annotations

from functools import lru_cache

from hub.console import language
from hub.console.choice import CHOICES
from hub.console.language import N_
from hub.console.visit import hub
from hub.model.kind import Field, Kind


@lru_cache(maxsize=8)
def _short_names(kinds: tuple[Kind, ...]) -> dict[str, str]:
    """Field name -> its short Chinese name; where kinds differ the first one's."""
    found: dict[str, str] = {}
    for kind in kinds:
        for _path, field in kind.walk():
            found.setdefault(field.name, _short(field.help.zh))
    return found


def _short(text: str) -> str:
    return text.partition("（")[0].partition("，")[0]


def _humanised(name: str) -> str:
    return name.replace("_", " ").capitalize()


def field_label(name: str, field: Field | None = None) -> str:
    """What a field is called: the declaration's word in Chinese, the readable canonical name in English.

    A field nobody declared (an extension) keeps its own name.
    """
    if language.current() == "en":
        return _humanised(name) if field or name in _short_names(_kinds()) else name
    return _short(field.help.zh) if field else _short_names(_kinds()).get(name, name)


def _kinds() -> tuple[Kind, ...]:
    return tuple(hub().registry.kinds.values())


def kind_label(kind: Kind | None, name: str = "", *, many: bool = False) -> str:
    """What a kind is called; an absent plugin's kind keeps its own name."""
    if kind is None:
        return name
    if language.current() == "zh":
        return kind.title.zh
    return _humanised(kind.plural) if many else kind.title.en


def word(code: str) -> str:
    """The reader's word for a choice (`partially_paid`); an unlisted code is shown as it is."""
    found = WORDS.get(code)
    return language._(found) if found else code


WORDS: dict[str, str] = {
    **CHOICES,
    # state of orders, payments, refunds, fulfilments, products
    "open": N_("Open"),
    "completed": N_("Completed"),
    "cancelled": N_("Cancelled"),
    "pending": N_("Waiting"),
    "authorized": N_("Authorized"),
    "captured": N_("Captured"),
    "failed": N_("Failed"),
    "voided": N_("Voided"),
    "chargeback": N_("Charged back"),
    "succeeded": N_("Succeeded"),
    "planned": N_("Planned"),
    "packed": N_("Packed"),
    "shipped": N_("Shipped"),
    "in_transit": N_("In transit"),
    "ready_for_pickup": N_("Ready for pickup"),
    "delivered": N_("Delivered"),
    "active": N_("Active"),
    "draft": N_("Draft"),
    "archived": N_("Archived"),
    "closed": N_("Closed"),
    # derived states of orders
    "unpaid": N_("Unpaid"),
    "partially_paid": N_("Partly paid"),
    "paid": N_("Paid"),
    "overpaid": N_("Overpaid"),
    "partially_refunded": N_("Partly refunded"),
    "refunded": N_("Refunded"),
    "unfulfilled": N_("Not shipped"),
    "partially_fulfilled": N_("Partly shipped"),
    "fulfilled": N_("Shipped out"),
    "in_progress": N_("In progress"),
    "returned": N_("Returned"),
    "none": N_("None"),
    # methods of payment
    "cash": N_("Cash"),
    "card": N_("Card"),
    "wechat_pay": N_("WeChat Pay"),
    "alipay": N_("Alipay"),
    "unionpay": N_("UnionPay"),
    "transfer": N_("Transfer"),
    "points": N_("Points"),
    "gift_card": N_("Gift card"),
    "cod": N_("Cash on delivery"),
    "other": N_("Other"),
    # people
    "unknown": N_("Unknown"),
    "male": N_("Male"),
    "female": N_("Female"),
    "person": N_("Person"),
    "company": N_("Company"),
    "personal": N_("Personal"),
    # what a shop says of a customer's account
    "enabled": N_("Account in use"),
    "disabled": N_("No account"),
    "invited": N_("Invited"),
    "declined": N_("Declined"),
    # kinds of items on a record
    "duplicate": N_("several records in one system"),
    "shared": N_("Shared"),
    "household": N_("Household"),
    "store": N_("Store"),
    "warehouse": N_("Warehouse"),
    "online": N_("Online"),
    # flows and where events come from
    "in": N_("in"),
    "out": N_("out"),
    "both": N_("both ways"),
    "webhook": N_("webhook"),
    "pull": N_("pull"),
    "file": N_("file"),
    # what caused a change or a delivery
    "event": N_("event"),
    "decision": N_("decision"),
    "policy": N_("policy"),
    "mapping": N_("mapping"),
    "merge": N_("merge"),
    "split": N_("split"),
    "pin": N_("pin"),
    "replay": N_("replay"),
    "backfill": N_("first or full reading"),
    "drift": N_("drift"),
    # what happened to a golden record
    "created": N_("created"),
    "updated": N_("updated"),
    "deleted": N_("deleted"),
    "restored": N_("restored"),
    "merged": N_("merged"),
    "erased": N_("erased"),
    "choice": N_("choice"),
    # what waits for a person
    "conflict": N_("conflict"),
    "match": N_("match"),
    "match_cut": N_("too many alike for one"),
    "loop": N_("loop"),
    "money": N_("sums that do not add up"),
    # what people agreed to, and points
    "sms": N_("Text message"),
    "granted": N_("granted"),
    "denied": N_("denied"),
    "withdrawn": N_("withdrawn"),
    "objected": N_("objected"),
    "expired": N_("expired"),
    "earn": N_("earned"),
    "redeem": N_("redeemed"),
    # what an attempt did
    "create": N_("create"),
    "update": N_("update"),
    "delete": N_("delete"),
    "read": N_("read back"),
    "find": N_("search"),
    # what runs and plans count
    "accepted": N_("accepted"),
    "duplicates": N_("duplicates"),
    "refused": N_("refused"),
    "items": N_("read"),
    "too_large": N_("too large"),
    "absent": N_("deleted there"),
    "pages": N_("pages read"),
    "seen": N_("records seen"),
    "targets": N_("records there"),
    "linked": N_("linked"),
    "cleared": N_("fields cleared"),
    # what a worker is at
    "idle": N_("Waiting for work"),
    "busy": N_("At work"),
    "started": N_("Starting"),
    "suspended": N_("Suspended"),
    # causes of plans and kinds of runs
    "golive": N_("going live"),
    "model": N_("model"),
    "repair": N_("repair"),
    "disconnect": N_("disconnection"),
    "verify": N_("verify"),
    "import": N_("import"),
    "rehearsal": N_("trial of a replay"),
    "activation": N_("release put in force"),
    # how runs end
    "interrupted": N_("interrupted"),
    "given up": N_("given up"),
    "died": N_("its process died"),
    "somebody paused it": N_("somebody paused it"),
    "somebody ended it": N_("somebody ended it"),
    "somebody ended it; the next reading goes on from here": N_(
        "somebody ended it; the next reading goes on from here"
    ),
    "some lines were refused": N_("some lines were refused"),
    "some lines wait in quarantine": N_("some lines wait in quarantine"),
    "quarantined": N_("quarantined"),
    "another reading was asked for": N_("another reading was asked for"),
    "it is being read already": N_("it is being read already"),
    "its process ended": N_("its process ended"),
    "its process stopped": N_("its process stopped"),
    # lanes of the budget
    "interactive": N_("at once"),
    "live": N_("Live"),
    "bulk": N_("in bulk"),
    # what a system says of a subscription
    "sub_active": N_("Active"),
    "sub_elsewhere": N_("sent elsewhere"),
    "sub_expired": N_("Expired"),
    "sub_missing": N_("missing"),
    # what a live check tells
    "domain": N_("Domain"),
    "currency": N_("Currency"),
    "time_zone": N_("Time zone"),
    "scopes": N_("Permissions granted"),
    "name": N_("Name"),
    "organisation": N_("Organisation"),
    "edition": N_("Edition"),
    "country": N_("Country"),
    "module": N_("Module"),
    "fields": N_("Fields"),
    "hub's id": N_("Where the hub's id stands"),
    "may write": N_("May write"),
    # results of attempts
    "done": N_("Done"),
    "ok": N_("Done"),
    "error": N_("Failed"),
    "retry": N_("Will retry"),
}
