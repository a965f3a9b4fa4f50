"""How times, numbers, money and sizes read, in both languages. Pure: the clock and the zone are given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from babel.numbers import get_currency_precision

from hub.store.about import About

MINUS = "\u2212"
ABSENT = "\u2014"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SIGNS = {"zh": {"CNY": "¥"}, "en": {"CNY": "CN¥"}}


@dataclass(frozen=True, slots=True)
class Formats:
    """The formats of one reader: `language` zh or en, an IANA zone, and now (aware) as one page sees it."""

    language: str
    zone: str
    now: datetime

    def moment(self, value: Any) -> datetime | None:
        """An aware time from a datetime, microseconds since the epoch, or RFC 3339 text; None when it is none of these."""
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, int) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1_000_000, UTC)
        if isinstance(value, str):
            try:
                found = datetime.fromisoformat(value)
            except ValueError:
                return None
            return found if found.tzinfo else found.replace(tzinfo=UTC)
        return None

    def local(self, value: Any) -> datetime | None:
        """The moment in the reader's zone."""
        found = self.moment(value)
        return found.astimezone(ZoneInfo(self.zone)) if found else None

    def exact(self, value: Any) -> str:
        """`2026-11-22 09:51:03.412 (UTC+8)`: never an ambiguous 09/10/11."""
        found = self.local(value)
        if found is None:
            return ABSENT
        return f"{found:%Y-%m-%d %H:%M:%S}.{found.microsecond // 1000:03d} ({self.offset(found)})"

    def offset(self, value: datetime) -> str:
        """`UTC+8`, `UTC+5:30`, `UTC−5`."""
        minutes = int((value.utcoffset() or UTC.utcoffset(None)).total_seconds() // 60)
        hours, rest = divmod(abs(minutes), 60)
        sign = MINUS if minutes < 0 else "+"
        return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")

    def short(self, value: Any) -> str:
        """What a table shows: relative within a day, then day and time; the year only when it is another one."""
        found = self.local(value)
        if found is None:
            return ABSENT
        seconds = (self.now - found).total_seconds()
        if abs(seconds) < 86_400:
            return self._ahead(-seconds) if seconds < -1 else self._ago(max(0, seconds))
        if self.language == "zh":
            return f"{found:%m-%d %H:%M}" if found.year == self.now.year else f"{found:%Y-%m-%d %H:%M}"
        day = f"{found.day} {_MONTHS[found.month - 1]}"
        return f"{day} {found:%H:%M}" if found.year == self.now.year else f"{day} {found.year}"

    def day(self, value: Any) -> str:
        """A calendar day without a time, ISO in both languages."""
        found = value if isinstance(value, date) and not isinstance(value, datetime) else self.local(value)
        return f"{found:%Y-%m-%d}" if found else ABSENT

    def clock(self, value: Any) -> str:
        """`09:51:03`, for "updated at" lines."""
        found = self.local(value)
        return f"{found:%H:%M:%S}" if found else ABSENT

    def _ago(self, seconds: float) -> str:
        zh = self.language == "zh"
        if seconds < 60:
            return f"{int(seconds)} 秒前" if zh else f"{int(seconds)} s ago"
        if seconds < 3600:
            return f"{int(seconds // 60)} 分钟前" if zh else f"{int(seconds // 60)} min ago"
        return f"{int(seconds // 3600)} 小时前" if zh else f"{int(seconds // 3600)} h ago"

    def _ahead(self, seconds: float) -> str:
        zh = self.language == "zh"
        if seconds < 60:
            return f"{int(seconds)} 秒后" if zh else f"in {int(seconds)} s"
        if seconds < 3600:
            return f"{int(seconds // 60)} 分钟后" if zh else f"in {int(seconds // 60)} min"
        return f"{int(seconds // 3600)} 小时后" if zh else f"in {int(seconds // 3600)} h"

    def duration(self, seconds: float | None) -> str:
        """`1.2 秒`, `4 分 10 秒`, `3 h 5 min`; below a second in milliseconds."""
        if seconds is None:
            return ABSENT
        zh = self.language == "zh"
        if 0 < seconds < 1:
            return f"{round(seconds * 1000)} {'毫秒' if zh else 'ms'}"
        if seconds < 60:
            return f"{seconds:.1f}".removesuffix(".0") + (" 秒" if zh else " s")
        minutes, left = divmod(int(seconds), 60)
        if minutes < 60:
            return f"{minutes} 分 {left} 秒" if zh else f"{minutes} min {left} s"
        hours, minutes = divmod(minutes, 60)
        if hours < 48:
            return f"{hours} 小时 {minutes} 分" if zh else f"{hours} h {minutes} min"
        return f"{hours // 24} 天 {hours % 24} 小时" if zh else f"{hours // 24} d {hours % 24} h"

    def number(self, value: Any) -> str:
        """`12,345`, `−3.5`; a decimal keeps its digits, and an estimate says that it is one."""
        if value is None:
            return ABSENT
        if isinstance(value, About):
            return self.tile(value)
        found = value if isinstance(value, int) else Decimal(str(value))
        text = f"{abs(found):,}" if isinstance(found, int) else _plain(abs(found))
        return f"{MINUS}{text}" if found < 0 else text

    def weight(self, thousandths: int | None) -> str:
        """`+6.9`, `−3.25`, `0`: every digit of it, so that shown weights add up to their shown sum."""
        if thousandths is None:
            return ABSENT
        text = self.number(Decimal(thousandths) / 1000)
        return f"+{text}" if thousandths > 0 else text

    def tile(self, value: int | None) -> str:
        """A big number in few characters: `12.8 万`, `128 k`; exact below 100,000, unless it is `约 1.3 万`, `about 13 k`."""
        if isinstance(value, About):
            return ("约 " if self.language == "zh" else "about ") + self._short(value, 10_000)
        return self.number(value) if value is None else self._short(value, 100_000)

    def _short(self, value: int, since: int) -> str:
        """In the units of the language from `since` on."""
        if abs(value) < since:
            return self.number(int(value))
        if self.language == "zh":
            unit, name = (100_000_000, "亿") if abs(value) >= 100_000_000 else (10_000, "万")
        else:
            unit, name = (1_000_000, "M") if abs(value) >= 1_000_000 else (1000, "k")
        return f"{_three_figures(value / unit)} {name}"

    def size(self, n: int | None) -> str:
        """`18 KB`: binary steps, three figures at most."""
        if n is None:
            return ABSENT
        size = float(n)
        for unit in ("B", "KB", "MB"):
            if size < 1000:
                return f"{_three_figures(size)} {unit}"
            size /= 1024
        return f"{_three_figures(size)} GB"

    def share(self, part: int, whole: int) -> str:
        """`37 (7.4%)`; the share is left out of nothing."""
        return f"{self.number(part)} ({part / whole * 100:.1f}%)" if whole else self.number(part)

    def money(self, value: Any) -> str:
        """`¥1,234.50`, `USD 12.30`, `JPY 1,200`; what is not money comes back as it is."""
        if not isinstance(value, dict) or "amount" not in value:
            return ABSENT if value is None else str(value)
        currency = str(value.get("currency", ""))
        try:
            amount = Decimal(str(value["amount"]))
        except InvalidOperation:
            return f"{currency} {value['amount']}"
        text = f"{abs(amount):,.{self._digits(amount, currency)}f}"
        sign = _SIGNS[self.language].get(currency)
        return (MINUS if amount < 0 else "") + (f"{sign}{text}" if sign else f"{currency} {text}")

    def _digits(self, amount: Decimal, currency: str) -> int:
        """The currency's own digits, or more where a unit price carries more."""
        try:
            usual = get_currency_precision(currency)
        except LookupError:
            usual = 2
        exponent = amount.normalize().as_tuple().exponent
        return max(usual, -exponent if isinstance(exponent, int) else 0)


def _plain(value: Decimal) -> str:
    """`12,345.6`: at most ten decimals, none of them a zero at the end."""
    text = f"{round(value, 10):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _three_figures(value: float) -> str:
    """`1.28`, `12.8`, `128`; a round one without its zero."""
    places = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
