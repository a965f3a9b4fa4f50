"""Fixtures for every test."""

pytest_plugins = [
    "tests.fixtures.lanes",
    "tests.fixtures.servers",
    "tests.fixtures.hub",
    "tests.fixtures.web",
    "tests.fixtures.peers",
    "tests.fixtures.market",
    "tests.fixtures.running",
]
