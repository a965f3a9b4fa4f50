"""The benchmarks' own arithmetic, load and command line."""

from __future__ import annotations

import base64
import hmac
import os

import orjson
import pytest
from click.testing import CliRunner

from bench import command, memory, pipeline, start, usage
from bench.both import Probe
from bench.delivery import latencies
from bench.load import events
from bench.measure import Result, interleaved, percentile
from bench.sender import SECRET, Load, Sent, is_whole, requests
from hub.cli.main import main

KEYS = {"bench", "unit", "median", "min", "max", "bound", "ratio", "runs", "machine", "versions", "commit"}


def _sent(count: int, took_s: float, started: list[float] | None = None) -> Sent:
    return Sent(count, 0, took_s, 1.0, 2.0, 3.0, 0.1, started or [])


def test_result_when_reported_then_has_every_key_of_the_contract() -> None:
    shown = Result("ingress", "requests/s", [3.0, 1.0, 2.0], [4.0, 4.0, 5.0], {"p99_ms": 7.0}).as_dict()
    assert set(shown) == KEYS | {"p99_ms"}
    assert (shown["median"], shown["min"], shown["max"], shown["bound"], shown["ratio"]) == (2.0, 1.0, 3.0, 4.0, 0.5)
    assert "cores" in shown["machine"]
    assert orjson.loads(orjson.dumps(shown)) == shown


def test_result_when_there_is_no_bound_then_no_ratio() -> None:
    shown = Result("start", "s", [3.0]).as_dict()
    assert (shown["bound"], shown["ratio"], shown["runs"]) == (None, None, 1)


def test_interleaved_when_run_then_takes_turns_at_going_first() -> None:
    order: list[str] = []
    result = Result("x", "x")
    interleaved(3, lambda: float(order.append("m") or 1), lambda: float(order.append("b") or 2), result)  # type: ignore[func-returns-value]
    assert "".join(order) == "mbbmmb"
    assert (result.values, result.bounds) == ([1.0] * 3, [2.0] * 3)


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 51.0), (0.95, 96.0), (0.99, 100.0), (1.0, 100.0)])
def test_percentile_when_of_a_hundred_values_then_the_one_below_which_the_share_lies(
    share: float, expected: float
) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_requests_when_built_then_whole_signed_and_with_ids_of_their_own() -> None:
    load = Load(8000, "/webhooks/shop", 20, "t")
    made = requests(load)
    assert len({_header(message, "webhook-id") for message in made}) == 20
    for message in made:
        head, _, body = message.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /webhooks/shop HTTP/1.1\r\n")
        assert int(_header(message, "content-length")) == len(body)
        signed = f"{_header(message, 'webhook-id')}.{_header(message, 'webhook-timestamp')}.".encode() + body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        assert _header(message, "webhook-signature") == expected


def _header(message: bytes, name: str) -> str:
    lines = message.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    found = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines)}
    return found[name]


def test_answer_when_cut_anywhere_then_not_whole() -> None:
    answer = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\nhello"
    assert [is_whole(answer[:n]) for n in range(len(answer))] == [False] * len(answer)
    assert is_whole(answer)
    assert is_whole(b"HTTP/1.1 204 No Content\r\n\r\n")


def test_events_when_numbered_then_every_record_carries_its_event() -> None:
    for number, (_, body) in enumerate(events(50, numbered="r1-")):
        data = orjson.loads(body)["data"]
        assert data["id"].startswith("r1-")
        assert data.get("customer", "r1-").startswith("r1-")
        assert (data.get("buyer_note") or data.get("note")) == f"r1-{number}"


def test_latencies_when_one_delivery_brings_several_events_then_all_have_arrived() -> None:
    load = Load(1, "/", 40, "r1-", seed=3, numbered=True)
    records = [orjson.loads(body)["data"]["id"] for _, body in events(40, 3, numbered="r1-")]
    repeated = next(record for record in records if records.count(record) > 1)
    numbers = [number for number, record in enumerate(records) if record == repeated]
    sent = _sent(40, 1.0, [float(number) for number in range(40)])
    entry = {"at": 100.0, "content": {"data": {"note": f"r1-{numbers[-1]}"}}}
    other = {"at": 101.0, "content": {"data": {"note": "r2-1"}}}
    assert latencies(load, sent, [other, entry, entry]) == [(100.0 - number) * 1000 for number in numbers]


@pytest.mark.parametrize(
    ("answered", "middle", "end", "expected"),
    [(1000, 50, 60, True), (1000, 50, 5000, False), (800, 50, 60, False), (1000, 5000, 50, True)],
)
def test_probe_when_backlog_grows_or_answers_lag_then_not_sustained(
    answered: int, middle: float, end: float, expected: bool
) -> None:
    assert Probe(1000.0, _sent(answered, 1.0), middle, end).is_sustained is expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/x/python -m hub.cli.main web --port 1", "web"),
        ("postgres: hub hub [local] idle", "postgres"),
        ("/x/bin/postgres -D /data", "postgres"),
        ("/x/valkey-server unixsocket:/x", "valkey-server"),
        ("", "ended"),
    ],
)
def test_kind_of_process_when_named_by_its_command_line_then_known(line: str, expected: str) -> None:
    assert memory.kind_of(line) == expected


def test_usage_when_asked_of_this_process_then_plausible() -> None:
    before = usage.cpu_s([os.getpid()])
    assert os.getpid() in usage.family(os.getpid())
    assert 5 < usage.pss_mb([os.getpid()]) < 5000
    assert usage.cpu_s([os.getpid()]) >= before


def test_start_when_run_then_tells_first_and_second_starts_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter([4.0, 2.0, 6.0, 3.0, 5.0, 1.0])

    class Fake:
        def __init__(self, _: object) -> None:
            self.ready_s = next(seconds)

        def stop(self) -> None:
            """Nothing runs."""

    monkeypatch.setattr(start, "Running", Fake)
    shown = start.run(3)
    assert (shown["median"], shown["max"], shown["second_s"], shown["second_max_s"]) == (5.0, 6.0, 2.0, 3.0)


def test_bench_when_called_then_passes_the_options_and_prints_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, object] = {}

    def run(**arguments: object) -> dict[str, object]:
        seen.update(arguments)
        return {"bench": "pipeline"}

    monkeypatch.setattr(pipeline, "run", run)
    options = ["--runs", "3", "--events", "10", "--workers", "4", "--preload", "7", "--json"]
    shown = CliRunner().invoke(command.bench, ["pipeline", *options])
    assert shown.output == '{"bench":"pipeline"}\n'
    assert seen == {"runs": 3, "count": 10, "workers": 4, "preloaded": 7}


def test_bench_when_an_option_does_not_concern_it_then_usage_error() -> None:
    shown = CliRunner().invoke(command.bench, ["start", "--rate", "5"])
    assert shown.exit_code == 2
    assert "--rate says nothing to start" in shown.output


def test_bench_when_installed_then_a_command_of_the_hub() -> None:
    shown = CliRunner().invoke(main, ["bench", "--help"])
    assert shown.exit_code == 0
    assert "ingress|pipeline|both|delivery|start|memory" in shown.output
