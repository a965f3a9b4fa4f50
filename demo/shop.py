"""The simulated shop with a memory: after a kill it goes on in the middle of its day, and says nothing twice."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import uuid
from decimal import Decimal
from pathlib import Path

from connectors.shopify.simulator import CLOSING_S, ShopifySimulator, Step, go_on, play_day
from connectors.shopify.simulator.shop import Hook
from demo.journal import Journal
from demo.systems import Systems

SETTLED_S = 60.0
_SPACE = uuid.UUID("6f1c1b9e-3f0e-4d53-9a57-6d0f9e0c2a11")


class DemoShop(ShopifySimulator):
    """The shop as a pure function of its script and of when each step happened, which is all that is kept.

    A step counts as done when the hub has accepted its webhooks. One that was interrupted is
    carried out again at its first time, so that its webhooks are the same, ids included.
    """

    def __init__(self, port: int, systems: Systems, folder: Path) -> None:
        self._moment: dt.datetime | None = None
        super().__init__(
            port, secret=systems.shop_secret, token=systems.access_token, domain=systems.domain, family="classic"
        )
        self._opening = dt.datetime.fromisoformat(systems.opening)
        self._journal = Journal(folder / "shop.ndjson")
        day, later = play_day(self.shop, systems.seed), go_on(self.shop, systems.seed)
        self._script = itertools.chain(day, later)
        self._times: list[dt.datetime] = []
        self._done = 0
        self._index = 0
        self.upcoming = next(self._script)
        self._restore()

    @property
    def is_day_over(self) -> bool:
        """Whether the scripted day has been played."""
        return self.upcoming.at_s > CLOSING_S

    def shop_now(self) -> dt.datetime:
        """The time of the step that is being carried out, else the present."""
        return self._moment or super().shop_now()

    def stop(self) -> None:
        """Ends the server, then the memory."""
        super().stop()
        self._journal.close()

    def play_next(self) -> Step:
        """Carries out the next step and waits until the hub has accepted what it sent."""
        step, index = self.upcoming, self._index
        if index == len(self._times):
            self._times.append(self._time_of(step))
            self._journal.append({"step": index, "at": self._times[index].isoformat()})
        self._moment = self._times[index]
        self.carry_out(step)
        self._advance()
        # What a late step sends comes with the next one: till then it is not done.
        if step.way != "late" and self.sender.wait_idle(SETTLED_S):
            self._journal.append({"done": self._index})
        self._moment = None
        return step

    def emit(self, hooks: list[Hook]) -> None:
        """Sends webhooks whose ids follow from their content: the same webhook has the same id after a restart."""
        for topic, payload in hooks:
            content = json.dumps([self.shop.domain, topic, payload], sort_keys=True)
            self.send(topic, payload, message_id=str(uuid.uuid5(_SPACE, content)))

    def taken(self) -> Decimal:
        """Money that came in by sales, refunds not subtracted."""
        with self.shop.lock:
            sales = [t for rows in self.shop.transactions.values() for t in rows if t["kind"] == "sale"]
            return sum((Decimal(each["amount"]) for each in sales), Decimal(0))

    def forget_log(self) -> None:
        """Lets go of what was sent, so that memory does not grow with time."""
        self.sender.log.clear()
        self.ledger.clear()

    def _restore(self) -> None:
        for row in self._journal.rows():
            if "done" in row:
                self._done = row["done"]
            else:
                self._times.append(dt.datetime.fromisoformat(row["at"]))
        for moment in self._times[: self._done]:
            self._moment = moment
            with self.shop.lock:
                self.upcoming.act()
            self._advance()
        self._moment = None

    def _advance(self) -> None:
        self._index += 1
        self.upcoming = next(self._script)

    def _time_of(self, step: Step) -> dt.datetime:
        if step.at_s <= CLOSING_S:
            return self._opening + dt.timedelta(seconds=step.at_s)
        # Whole seconds as the shop writes them: two changes of one order must not share one.
        present = super().shop_now().replace(microsecond=0)
        return max(present, self._times[-1] + dt.timedelta(seconds=1))
