"""The breaker: closed, open, half open, throttled."""

from __future__ import annotations

from hub.flow.breaker import CALLS, HANGS_S, LONGEST_REST_S, OPENS_AFTER, Breaker


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def broken(clock: Clock) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(OPENS_AFTER):
        breaker.fail()
    return breaker


def test_breaker_when_new_then_closed_with_room_for_its_calls() -> None:
    breaker = Breaker(Clock())
    assert breaker.state == "closed"
    assert breaker.room(0) == CALLS
    assert breaker.room(CALLS) == 0


def test_breaker_when_calls_fail_in_a_row_then_open() -> None:
    breaker = broken(Clock())
    assert breaker.state == "open"
    assert breaker.room(0) == 0


def test_breaker_when_two_calls_hang_in_a_row_then_open() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    clock.now = 30
    assert not breaker.fail()
    clock.now += HANGS_S - 1
    assert not breaker.fail()
    clock.now += 1
    assert breaker.fail()
    assert (breaker.state, breaker.failing_s) == ("open", HANGS_S)
    assert not breaker.fail()
    assert breaker.succeed()
    assert (breaker.state, breaker.failing_s) == ("closed", 0.0)


def test_breaker_when_a_call_succeeds_between_then_stays_closed() -> None:
    breaker = Breaker(Clock())
    for _ in range(OPENS_AFTER * 3):
        breaker.fail()
        breaker.succeed()
    assert breaker.state == "closed"


def test_breaker_when_rested_then_one_probe_and_success_closes_it() -> None:
    clock = Clock()
    breaker = broken(clock)
    clock.now += 1
    assert breaker.state == "half-open"
    assert (breaker.room(0), breaker.room(1)) == (1, 0)
    assert breaker.succeed()
    assert breaker.room(0) == CALLS
    assert not breaker.succeed()


def test_breaker_when_probes_fail_then_rests_grow_up_to_the_longest() -> None:
    clock = Clock()
    breaker = broken(clock)
    rests = []
    for _ in range(8):
        since = clock.now
        while breaker.state == "open":
            clock.now += 0.5
        rests.append(clock.now - since)
        breaker.fail()
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST_S


def test_breaker_when_throttled_then_no_room_until_the_peer_said() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    breaker.throttle(7)
    breaker.throttle(3)
    clock.now = 6.9
    assert breaker.room(0) == 0
    clock.now = 7
    assert breaker.room(0) == CALLS
