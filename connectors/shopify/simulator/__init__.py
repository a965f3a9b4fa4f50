"""A simulated shop: `ShopifySimulator`, for tests, the demo and the conformance kit."""

from connectors.shopify.simulator.day import Step, play_day
from connectors.shopify.simulator.server import ShopifySimulator
from connectors.shopify.simulator.shop import Shop

__all__ = ["Shop", "ShopifySimulator", "Step", "play_day"]
