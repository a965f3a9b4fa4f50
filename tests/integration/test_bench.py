"""Every benchmark at its smallest: that it runs, checks itself and reports."""

from __future__ import annotations

from typing import Any

import pytest

from bench import both, connect, console, delivery, ingress, memory, pipeline, replay

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("bench", "options", "more"),
    [
        (
            ingress,
            {"requests": 100, "connections": 8, "commit_s": 1},
            {"p99_ms", "bound_figures", "commits_per_second"},
        ),
        (both, {"requests": 100, "seconds": 1.0, "worker_count": 1, "connections": 4}, {"probes"}),
        (pipeline, {"count": 100, "workers": 1}, {"preloaded"}),
        (replay, {"count": 100, "workers": 1, "changed": True}, {"workers"}),
        (delivery, {"rate": 20.0, "seconds": 1.0}, {"p50_ms", "p95_ms", "p99_ms"}),
        (connect, {"contacts": 300, "customers": 240, "workers": 1}, {"phases", "linked", "done", "told"}),
        (
            console,
            {
                "loads": 1,
                "customers": 40,
                "orders": 10,
                "rate": 20.0,
                "count": 100,
                "open_consoles": 2,
                "worker_count": 1,
                "painted": 0,
                "answered": 0,
                "refreshes": 1,
            },
            {"pages", "most_statements", "pipeline", "lcp_ms", "answers"},
        ),
        (memory, {"rate": 20.0, "seconds": 1.0}, {"rss_mb", "by_process"}),
    ],
)
def test_bench_when_run_at_its_smallest_then_reports(bench: Any, options: dict[str, Any], more: set[str]) -> None:
    shown = bench.run(runs=1, **options)
    assert shown["bench"] == bench.__name__.removeprefix("bench.")
    assert shown["runs"] == 1
    assert more <= set(shown)
    assert shown["bound"] is None or shown["bound"] > 0
