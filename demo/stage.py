"""Both systems and the hub together: what can be done on the demo's stage, and how it waits for what comes of it."""

from __future__ import annotations

import datetime as dt
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from connectors.shopify.simulator import CLOSING_S, Step, go_on, play_day
from demo import cast
from demo.client import HubClient, run_command
from demo.crm import DemoCrm
from demo.shop import DemoShop
from demo.systems import Systems
from demo.world import Row, World
from hub.errors import HubError

DRAIN_S = 60
SETTLED_S = 60.0
PATIENCE_S = 60.0
STEP_S = 0.05
# Of the steps after the day, so many are the shop's for one of the CRM's.
CRM_EVERY = 4
Say = Callable[[str], None]


@dataclass
class Stage:
    """The two systems in their world. `hub` is set once they are connected to one; `upcoming`: the shop's next step."""

    systems: Systems
    folder: Path
    world: World
    shop: DemoShop
    crm: DemoCrm
    say: Say
    _hub: HubClient | None = None
    _script: Iterator[Step] = field(default_factory=lambda: iter(()))
    _done: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, folder: Path, systems: Systems, ports: tuple[int, int], say: Say) -> Stage:
        """Both systems as they were when the last process ended; nothing is sent yet."""
        world = World(folder, dt.datetime.fromisoformat(systems.opening))
        made = cls(systems, folder, world, DemoShop(ports[0], systems, world), DemoCrm(ports[1], systems, world), say)
        made._script = itertools.chain(
            play_day(made.shop.shop, systems.seed), _later(made.shop, made.crm, systems.seed)
        )
        made.upcoming = next(made._script)
        world.replay(made._repeat)
        # What an earlier process was told and said is its own.
        made.forget_logs()
        world.is_present = made.is_day_over
        return made

    upcoming: Step = field(init=False)
    steps: int = 0

    @property
    def hub(self) -> HubClient:
        """The hub that both are connected to."""
        if self._hub is None:
            raise HubError("the demo's systems are not connected to a hub yet")
        return self._hub

    @property
    def is_day_over(self) -> bool:
        """Whether the shop's scripted day has been played."""
        return self.upcoming.at_s > CLOSING_S

    def join(self, url: str) -> None:
        """Meets the hub at `url`: from now on both systems tell it what happens, beginning with what it may have missed."""
        self._hub = HubClient(url)
        self.shop.sender.url = f"{url}/webhooks/shop"
        self.crm.hub_url = url
        self.world.send_again()

    def play_next(self) -> Step:
        """Carries out the shop's next step and waits until the hub has accepted what it sent."""
        step = self.upcoming
        at = self.world.opening + dt.timedelta(seconds=step.at_s)
        with self.world.happening({"step": step.title}, None if self.is_day_over else at):
            self._carry_out_step()
        if step.way != "late":
            self.settle()
        self.world.is_present = self.is_day_over
        return step

    def act(self, name: str) -> None:
        """Carries out one of the acts of `demo.cast`, once and for all, and waits as `play_next`."""
        if name in self._done:
            return
        with self.world.happening({"act": name}):
            self._carry_out(name)
        self.settle()

    def settle(self) -> None:
        """Waits until the hub has accepted everything that was sent to it."""
        if all(system.sender.wait_idle(SETTLED_S) for system in (self.shop, self.crm)):
            self.world.settled()

    def drain(self) -> None:
        """Waits until nothing is pending in the hub, and nothing on its way to it."""
        self.settle()
        run_command("drain", "--timeout", str(DRAIN_S), "--json", accept=(0, 1))
        self.settle()

    def wait(self, what: str, is_true: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
        """Waits until something is true and returns it. HubError with `what` when it does not come true."""
        end = time.monotonic() + patience_s
        while not (found := is_true()):
            if time.monotonic() > end:
                raise HubError(f"the demo waited {patience_s:.0f} s in vain: {what}")
            time.sleep(STEP_S)
        return found

    @contextmanager
    def scene(self, name: str) -> Iterator[bool]:
        """Whether a scene has still to be played; remembered as played when the block ends well."""
        is_due = f"scene {name}" not in self.world.kept
        yield is_due
        if is_due:
            self.world.keep(**{f"scene {name}": True})

    def forget_logs(self) -> None:
        """Lets go of what was sent, so that memory does not grow with time."""
        self.shop.forget_log()
        self.crm.forget_log()

    def start(self) -> None:
        """Opens both ports. OSError when one is taken."""
        self.shop.start()
        self.crm.start()

    def stop(self) -> None:
        """Ends both systems, then their memory: what is answered later is answered by nobody."""
        self.shop.stop()
        self.crm.stop()
        self.world.close()

    def _carry_out(self, name: str) -> None:
        cast.ACTS[name](self.shop, self.crm, self.systems.seed)
        self._done.add(name)

    def _carry_out_step(self) -> None:
        self.shop.carry_out(self.upcoming)
        # The script goes on from what the shop is at this moment, so that it can be repeated.
        self.upcoming = next(self._script)
        self.steps += 1

    def _repeat(self, row: Row) -> None:
        if "step" in row:
            self._carry_out_step()
        elif "act" in row:
            self._carry_out(row["act"])
        else:
            name = "shop" if "shop" in row else "crm"
            call: Mapping[str, Any] = row[name]
            (self.shop if name == "shop" else self.crm).repeat(call)


def _later(shop: DemoShop, crm: DemoCrm, seed: int) -> Iterator[Step]:
    """What happens after the day: the shop goes on, and now and then somebody edits a contact in the CRM."""
    for number, step in enumerate(go_on(shop.shop, seed)):
        yield step
        if number % CRM_EVERY == 1:
            yield Step(step.at_s, "a contact's phone changes in the CRM", partial(cast.new_number, crm, number))
