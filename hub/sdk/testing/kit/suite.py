"""Builds the pytest class of one connector out of what it can do."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from hub.sdk.connector import Reads, ReceivesWebhooks, Writes
from hub.sdk.testing.kit.agreeing import Agreeing
from hub.sdk.testing.kit.basics import Basics
from hub.sdk.testing.kit.harness import ConnectorHarness
from hub.sdk.testing.kit.mailbox import Mailbox
from hub.sdk.testing.kit.mapper import Mapper
from hub.sdk.testing.kit.reading import Reading
from hub.sdk.testing.kit.receiving import Receiving
from hub.sdk.testing.kit.writing import Writing
from hub.sdk.testing.simulator import Simulator

_PARTS: tuple[tuple[type, type], ...] = ((Reads, Reading), (ReceivesWebhooks, Receiving), (Writes, Writing))


def connector_suite(harness: type[ConnectorHarness], mapper: Mapper | None = None) -> type:
    """A pytest class that tests `harness.connector`; bind it to a name that starts with `Test`.

    `mapper`: its mapping files; without them what needs them is skipped. Each test gets a fresh simulator. After each one the log, debug level included, must not hold
    any of the secrets.
    """
    parts = [part for capability, part in _PARTS if issubclass(harness.connector, capability)]
    pulled = [stream.name for stream in harness.connector.manifest.streams if stream.pull]

    class Suite(*parts, Agreeing, Basics):  # type: ignore[misc]
        @pytest.fixture
        def harness(self) -> ConnectorHarness:
            return harness(mapper)

        @pytest.fixture
        def simulator(self, harness: ConnectorHarness) -> Iterator[Simulator]:
            with harness.simulator() as simulator:
                yield simulator

        @pytest.fixture
        def mailbox(self) -> Iterator[Mailbox]:
            with Mailbox() as mailbox:
                yield mailbox

        @pytest.fixture
        def connector(self, harness: ConnectorHarness, simulator: Simulator) -> Iterator[Any]:
            connector = harness.connect(simulator)
            yield connector
            connector.http.close()

        @pytest.fixture(params=pulled)
        def stream(self, request: pytest.FixtureRequest) -> str:
            name: str = request.param
            return name

        @pytest.fixture(autouse=True)
        def no_secret_in_the_log(
            self, harness: ConnectorHarness, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
        ) -> Iterator[None]:
            caplog.set_level(logging.DEBUG)
            simulator = request.getfixturevalue("simulator") if "simulator" in request.fixturenames else None
            yield
            for values in (harness.secrets(simulator) if simulator else {}).values():
                assert not any(value in caplog.text for value in values), "a secret was logged"

    Suite.__name__ = Suite.__qualname__ = f"Test{harness.__name__.removesuffix('Harness')}"
    return Suite
