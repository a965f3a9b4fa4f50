"""The simulated account as a process of its own.

    python -m connectors.zoho.simulator --port 9393

Prints `ready URL` and answers until it is told to stop. Notifications go where the hub subscribes them.
"""

from __future__ import annotations

from connectors.zoho.simulator.server import ZohoSimulator
from hub.sdk.testing import run_simulator, simulator_arguments

_NAMES = (("雷", "李"), ("梅梅", "韩"), (None, "欧阳娜娜"), ("Tom", "Brown"), ("Anna", "Müller"))


def main() -> None:
    """Serves until SIGINT or SIGTERM."""
    parser = simulator_arguments("A simulated Zoho CRM account. --secret is the client secret it asks for.")
    parser.add_argument("--client-id", default="1000.SIMULATED", help="the client it knows")
    parser.add_argument("--refresh-token", default="1000.refresh.simulated", help="the refresh token it takes")
    parser.add_argument("--contacts", type=int, default=5, help="how many contacts it begins with")
    given = parser.parse_args()
    simulator = ZohoSimulator(
        given.port,
        client_id=given.client_id,
        client_secret=given.secret or "hush",
        refresh_token=given.refresh_token,
    )
    for number in range(given.contacts):
        first, last = _NAMES[number % len(_NAMES)]
        simulator.crm.add(First_Name=first, Last_Name=last, Mobile=f"139{number:08}", Email=f"c{number}@example.com")
    run_simulator(simulator)


if __name__ == "__main__":
    main()
