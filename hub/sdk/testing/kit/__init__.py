"""The conformance kit: one call builds a pytest class that proves a connector keeps its contract.

class Harness(ConnectorHarness):
    connector = MyConnector
    ...

TestMyConnector = connector_suite(Harness)
"""

from hub.sdk.testing.kit.harness import ConnectorHarness
from hub.sdk.testing.kit.suite import connector_suite

__all__ = ["ConnectorHarness", "connector_suite"]
