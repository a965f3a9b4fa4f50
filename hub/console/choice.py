"""The reader's words for the closed choices of kinds, beside those in `label`."""

from __future__ import annotations

from hub.console.language import N_

CHOICES: dict[str, str] = {
    # how an identity was proven, and whose it is
    "otp": N_("One-time code"),
    "payment": N_("By payment"),
    "oauth": N_("Signed in elsewhere"),
    "staff": N_("By staff"),
    "placeholder": N_("Placeholder"),
    "masked": N_("Masked"),
    "virtual": N_("Privacy number"),
    "gregorian": N_("Gregorian"),
    "lunar": N_("Lunar"),
    # lines of orders, goods and money that come back
    "product": N_("Goods"),
    "service": N_("Service"),
    "fee": N_("Fee"),
    "exchange_in": N_("Exchanged, comes back"),
    "exchange_out": N_("Exchanged, goes out"),
    "bundle": N_("Bundle"),
    "charged_back": N_("Charged back"),
    "advised": N_("Advised"),
    "partially_received": N_("Partly received"),
    "received": N_("Received"),
    "inspected": N_("Inspected"),
    "not_returned": N_("Will not come back"),
    "not_refundable": N_("Not refundable"),
    "return": N_("Return"),
    "cancel": N_("Cancelled before it was sent"),
    # stock
    "transit": N_("On the way"),
    "sale": N_("Sale"),
    "receipt": N_("Goods received"),
    "adjust": N_("Adjustment"),
    "count": N_("Stocktaking"),
    "reserve": N_("Reserved"),
    "release": N_("Reservation lifted"),
    # talking with customers
    "awaiting_customer": N_("Waits for the customer"),
    "awaiting_staff": N_("Waits for the staff"),
    "transactional": N_("About an order"),
    "marketing": N_("Marketing"),
    "queued": N_("Queued"),
    "sent": N_("Sent"),
    "clicked": N_("Clicked"),
    "replied": N_("Answered"),
    "recalled": N_("Recalled"),
    # buying, points
    "acknowledged": N_("Acknowledged"),
    "clawback": N_("taken back"),
    "restore": N_("given back"),
    "expire": N_("expired"),
}
