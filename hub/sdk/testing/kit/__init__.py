"""The conformance kit: one call builds a pytest class that proves a connector keeps its contract.

class Harness(ConnectorHarness):
    connector = MyConnector
    ...

TestMyConnector = connector_suite(Harness)
"""

import pytest

# So that a failed assertion shows its values; before the modules are imported.
pytest.register_assert_rewrite(
    *(f"{__name__}.{part}" for part in ("agreeing", "basics", "reading", "receiving", "writing"))
)

from hub.sdk.testing.kit.harness import ConnectorHarness  # noqa: E402
from hub.sdk.testing.kit.suite import connector_suite  # noqa: E402

__all__ = ["ConnectorHarness", "connector_suite"]
