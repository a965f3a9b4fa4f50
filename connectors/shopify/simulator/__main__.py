"""The simulated shop as a process of its own: plays a day against a hub and goes on answering.

    python -m connectors.shopify.simulator --port 9292 --secret hush \
        --webhook-url http://127.0.0.1:8000/webhooks/shop --speed 600

Prints `ready URL`, then one JSON line per step and one `{"done": …}` with what there is to be found.
"""

from __future__ import annotations

import json
import signal
import threading
from typing import Any

from connectors.shopify.simulator.server import ShopifySimulator
from hub.sdk.testing import simulator_arguments


def main() -> None:
    """Serves, plays the day, and serves on until it is told to stop (`--exit`: ends after the day)."""
    parser = simulator_arguments("A simulated Shopify shop.")
    parser.add_argument("--token", default="shpat_simulated", help="the access token it asks for")
    parser.add_argument("--shop", default="demo.myshopify.com", help="its domain")
    parser.add_argument(
        "--family", choices=("classic", "events"), default="classic", help="header family of its webhooks"
    )
    parser.add_argument(
        "--speed", type=float, default=600.0, help="seconds of the day per second; 0: as fast as it goes"
    )
    parser.add_argument("--seed", type=int, default=7, help="the same seed plays the same day")
    parser.add_argument("--customers", type=int, default=12, help="how many sign up")
    parser.add_argument("--orders", type=int, default=18, help="how many orders are placed")
    parser.add_argument("--no-day", action="store_true", help="only serve")
    parser.add_argument("--exit", action="store_true", help="end after the day")
    given = parser.parse_args()
    simulator = ShopifySimulator(
        given.port, secret=given.secret or "hush", token=given.token, domain=given.shop, family=given.family
    )
    simulator.sender.url = given.webhook_url
    over = threading.Event()

    def end(*_: Any) -> None:
        over.set()
        simulator.halt_day()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    with simulator:
        say({"ready": simulator.url}, plain=f"ready {simulator.url}")
        if not given.no_day:
            done = simulator.play(
                given.seed,
                speed=given.speed,
                customers=given.customers,
                orders=given.orders,
                on_step=lambda step: say({"at_s": step.at_s, "title": step.title, "way": step.way}),
            )
            say({"done": done})
        if not given.exit:
            over.wait()


def say(content: dict[str, Any], *, plain: str = "") -> None:
    """One line on stdout, at once."""
    print(plain or json.dumps(content, ensure_ascii=False), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
