"""A simulated shop: `ShopifySimulator`, for tests, the demo and the conformance kit."""

from connectors.shopify.simulator.day import CLOSING_S, Step, go_on, play_day
from connectors.shopify.simulator.server import ShopifySimulator
from connectors.shopify.simulator.shop import Shop

__all__ = ["CLOSING_S", "Shop", "ShopifySimulator", "Step", "go_on", "play_day"]
