"""What a connector's author tests with: simulators of systems, and the conformance kit (`.kit`)."""

from hub.sdk.testing.ledger import Entry, Ledger
from hub.sdk.testing.sender import Sender, Sent, wait_until
from hub.sdk.testing.server import SimAnswer, SimRequest
from hub.sdk.testing.simulator import Simulator, run_simulator, simulator_arguments
from hub.sdk.testing.switches import Switches

__all__ = [
    "Entry",
    "Ledger",
    "Sender",
    "Sent",
    "SimAnswer",
    "SimRequest",
    "Simulator",
    "Switches",
    "run_simulator",
    "simulator_arguments",
    "wait_until",
]
