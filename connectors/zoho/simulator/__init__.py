"""A simulated Zoho account: `ZohoSimulator`, for tests, the demo and the conformance kit."""

from connectors.zoho.simulator.crm import Crm
from connectors.zoho.simulator.server import ZohoSimulator

__all__ = ["Crm", "ZohoSimulator"]
