"""The rate budget of a remote account in Valkey: tokens, places and pauses, decided by one script in one round trip."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from redis import Redis

from hub.sdk.rate import LANES, RESERVE, Lane

SLOT_S = 10
SLOTS = 6
# Between two looks of somebody who waits, and how much longer its mark keeps less urgent callers away.
LONGEST_LOOK_MS = 500
_MARK_MS = 250
# How soon a place may be free, or a more urgent caller gone: nobody says so to other processes.
_SOON_MS = 40
_CALLER_MS = 60_000

# Times are milliseconds of the server's clock; numbers are written with %f, since tostring cuts them to 14 digits.
# KEYS: state, running (lease -> end), callers (process -> last seen), used (lane -> cost).
# ARGV: per second, burst, places, cost, needed tokens, lane number, lane, lease, lease ms, process.
# Returns {ms until it is worth asking again or 0, processes seen in the last minute, 1 when paused}.
_ENTER = f"""
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local rate, burst, places = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local cost, needed, lane = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local s = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'paused', 'mark1', 'mark2')
redis.call('ZADD', KEYS[3], now, ARGV[10])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - {_CALLER_MS})
redis.call('PEXPIRE', KEYS[3], {_CALLER_MS})
local callers = redis.call('ZCARD', KEYS[3])
local keep = 60000
if rate > 0 then keep = keep + math.ceil(burst / rate * 1000) end

local function refuse(delay)
    delay = math.max(1, math.ceil(delay))
    if lane < 3 then
        local mark = now + math.min(delay, {LONGEST_LOOK_MS}) + {_MARK_MS}
        redis.call('HSET', KEYS[1], 'mark' .. lane, string.format('%.0f', mark))
        redis.call('PEXPIRE', KEYS[1], keep)
    end
    return {{delay, callers, 0}}
end

local paused = tonumber(s[3] or '0')
if paused > now then return {{math.ceil(paused - now), callers, 1}} end
for above = 1, lane - 1 do
    if tonumber(s[3 + above] or '0') > now then return refuse({_SOON_MS}) end
end
if places > 0 then
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
    if redis.call('ZCARD', KEYS[2]) >= places then return refuse({_SOON_MS}) end
end
if rate > 0 then
    local tokens = burst
    if s[1] then tokens = math.min(burst, tonumber(s[1]) + math.max(0, now - tonumber(s[2])) * rate / 1000) end
    if tokens < needed then return refuse((needed - tokens) / rate * 1000) end
    redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens - cost), 'at', string.format('%.3f', now))
    redis.call('PEXPIRE', KEYS[1], keep)
end
if lane < 3 and s[3 + lane] then redis.call('HDEL', KEYS[1], 'mark' .. lane) end
if places > 0 then
    redis.call('ZADD', KEYS[2], now + tonumber(ARGV[9]), ARGV[8])
    redis.call('PEXPIRE', KEYS[2], math.ceil(tonumber(ARGV[9])) + 1000)
end
redis.call('HINCRBYFLOAT', KEYS[4], ARGV[7], cost)
redis.call('EXPIRE', KEYS[4], {SLOT_S * (SLOTS + 2)})
return {{0, callers, 0}}
"""

# KEYS: state. ARGV: per second, burst, cost (what was paid too little; negative: too much), pause in ms.
_CORRECT = """
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local rate, burst, cost, pause = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local s = redis.call('HMGET', KEYS[1], 'tokens', 'at', 'paused')
local keep = 60000 + pause
if rate > 0 then
    keep = keep + math.ceil(burst / rate * 1000)
    local tokens = burst
    if s[1] then tokens = math.min(burst, tonumber(s[1]) + math.max(0, now - tonumber(s[2])) * rate / 1000) end
    tokens = math.min(burst, tokens - cost)
    redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.3f', now))
end
if pause > 0 and now + pause > tonumber(s[3] or '0') then
    redis.call('HSET', KEYS[1], 'paused', string.format('%.0f', now + pause))
end
redis.call('PEXPIRE', KEYS[1], math.max(math.ceil(keep), redis.call('PTTL', KEYS[1])))
return 1
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """What an account allows: `per_second` tokens flow in up to `burst`; 0 means no limit of that sort."""

    per_second: float
    burst: float
    concurrency: int

    @classmethod
    def of(cls, rate: Mapping[str, float]) -> Rate:
        """From a manifest's `rate`."""
        return cls(rate.get("per_second", 0), max(rate.get("burst", 0), 1.0), int(rate.get("concurrency", 0)))

    def places(self, lane: Lane) -> int:
        """How many calls may run at once for one more in `lane` to begin: bulk calls, which may last, leave one place at least."""
        least = 1 if lane == "bulk" and self.concurrency > 1 else 0
        return self.concurrency - max(least, int(RESERVE[lane] * self.concurrency))


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to one who asks: go when `delay_s` is 0. `callers`: processes that asked in the last minute."""

    delay_s: float
    callers: int
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Level:
    """How a bucket stands. `paused_s` from now; `used`: lane -> tokens in the last minute."""

    tokens: float
    running: int
    paused_s: float
    used: dict[Lane, float] = field(default_factory=dict)


class Bucket:
    """One account's budget in Valkey. Every call may raise `redis.exceptions.RedisError`."""

    def __init__(self, redis: Redis, account: str, rate: Rate, process: str) -> None:
        self._redis = redis
        self._rate = rate
        self._process = process
        # The braces keep an account's keys on one node of a cluster.
        self._key = f"hub:budget:{{{account}}}"
        self._enter = redis.register_script(_ENTER)
        self._correct = redis.register_script(_CORRECT)

    def enter(self, lane: Lane, cost: float, lease: str, hold_s: float) -> Admission:
        """Takes `cost` tokens and a place, or says when to ask again. The place ends with `leave`, or after `hold_s`."""
        rate = self._rate
        cost = min(cost, rate.burst)
        # A call that costs nearly the whole burst could never leave the reserve behind.
        needed = min(rate.burst, cost + RESERVE[lane] * rate.burst)
        used = f"{self._key}:used:{int(time.time()) // SLOT_S}"
        keys = [self._key, f"{self._key}:running", f"{self._key}:callers", used]
        number = LANES.index(lane) + 1
        limits = [rate.per_second, rate.burst, rate.places(lane)]
        arguments = [*limits, cost, needed, number, lane, lease, hold_s * 1000, self._process]
        delay_ms, callers, is_paused = self._enter(keys=keys, args=arguments)
        return Admission(delay_ms / 1000, callers, bool(is_paused))

    def leave(self, lease: str) -> None:
        """Gives a place back. Sent without waiting for the answer: whoever made the call has no use for it."""
        if not self._rate.concurrency:
            return
        pool = self._redis.connection_pool
        connection: Any = pool.get_connection()
        try:
            skip = connection.pack_command("CLIENT", "REPLY", "SKIP")
            connection.send_packed_command([*skip, *connection.pack_command("ZREM", f"{self._key}:running", lease)])
        finally:
            pool.release(connection)

    def correct(self, cost: float = 0.0, pause_s: float = 0.0) -> None:
        """Takes `cost` more tokens (negative: gives some back), and lets nobody in for `pause_s`."""
        arguments = [self._rate.per_second, self._rate.burst, cost, pause_s * 1000]
        self._correct(keys=[self._key], args=arguments)

    def level(self) -> Level:
        """How it stands now."""
        seconds, micros = self._redis.time()
        now_ms = seconds * 1000 + micros / 1000
        slot = int(time.time()) // SLOT_S
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hmget(self._key, "tokens", "at", "paused")
            pipe.zcount(f"{self._key}:running", now_ms, "+inf")
            for back in range(SLOTS):
                pipe.hgetall(f"{self._key}:used:{slot - back}")
            (tokens, at, paused), running, *slots = pipe.execute()
        filled = self._rate.burst
        if tokens is not None:
            filled = min(filled, float(tokens) + max(0.0, now_ms - float(at)) * self._rate.per_second / 1000)
        used = {lane: sum(float(one.get(lane.encode(), 0)) for one in slots) for lane in LANES}
        return Level(filled, running, max(0.0, (float(paused or 0) - now_ms) / 1000), used)
