"""An alert in words of one language. What is ours is said in that language; what a system said is quoted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hub.flow.alert_text import OTHER, WORDS
from hub.flow.known import OURS, known
from hub.model.kind import Kind, Text
from hub.model.problem import PROBLEMS
from hub.store.alert import Alert

_CODES: dict[str, Text] = {
    **{code: text.title for code, text in PROBLEMS.items()},
    # what plans come from
    "policy": Text("取值规则", "a policy"),
    "mapping": Text("映射", "a mapping"),
    "model": Text("匹配模型", "the model"),
    "merge": Text("合并", "a merge"),
    "replay": Text("重放", "a replay"),
    "repair": Text("修复", "a repair"),
    "disconnect": Text("断开连接", "a disconnection"),
    "backfill": Text("首次或全量读取", "a first or full reading"),
    "golive": Text("上线", "going live"),
    # what workers do
    "pipeline": Text("处理事件 pipeline", "pipeline"),
    "deliver": Text("投递 deliver", "deliver"),
    "poll": Text("读取 poll", "poll"),
    # directions
    "in": Text("入", "in"),
    "out": Text("出", "out"),
}


@dataclass(frozen=True, slots=True)
class Said:
    """An alert in words of one language."""

    title: str
    meaning: str
    step: str


class _Known(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "?"


def say(alert: Alert, language: str = "en", kinds: Mapping[str, Kind] | None = None) -> Said:
    """The texts of an alert; `kinds` by name. A type that nobody declared says its own `text`."""
    words = WORDS.get(alert.type, OTHER)
    values = _Known(_values(alert, language, kinds or {}))

    def fill(text: Text) -> str:
        return _in(text, language).format_map(values)

    return Said(fill(words.title), fill(words.meaning), fill(words.step))


def _in(text: Text, language: str) -> str:
    return text.zh if language == "zh" else text.en


def _values(alert: Alert, language: str, kinds: Mapping[str, Kind]) -> dict[str, str]:
    data: dict[str, Any] = {"type": alert.type, "text": "", **alert.data}
    comma = "、" if language == "zh" else ", "

    def one(value: Any) -> str:
        if isinstance(value, bool):
            return ("是" if value else "否") if language == "zh" else ("yes" if value else "no")
        return "?" if value is None else str(value)

    def coded(value: Any) -> str:
        code = str(value)
        if code in kinds:
            return _in(kinds[code].title, language)
        return _in(_CODES[code], language) if code in _CODES else code

    shown = {name: comma.join(map(one, v)) if isinstance(v, list) else one(v) for name, v in data.items()}
    for name in ("cause", "kind"):
        shown[name] = coded(data.get(name, ""))
    shown["roles"] = comma.join(coded(role) for role in data.get("roles") or ())
    # Each is `order out`: a kind and a direction.
    shown["kinds"] = comma.join(" ".join(map(coded, str(flow).split())) for flow in data.get("kinds") or ())
    if "silent_s" in data:
        shown |= {"minutes": str(int(data["silent_s"]) // 60), "usual_minutes": str(max(1, int(data["usual_s"]) // 60))}
    shown["skew_s"] = str(abs(int(data.get("skew_s") or 0)))
    shown["reason"] = reason_of(data.get("reason"), language)
    return {**shown, "connection": alert.connection or "?", "count": f"{alert.count:,}"}


def reason_of(text: Any, language: str) -> str:
    """A sentence of ours on what is known of an error, then the error's own text as a quote; empty without an error."""
    if not text:
        return ""
    said = known(str(text))
    if said in OURS:
        return _in(said, language)
    quote = str(text).strip().rstrip(".。")
    if language == "zh":
        return f"{said.zh}（原文：“{quote}”）" if said else f"原因：“{quote}”。"
    return f"{said.en} (“{quote}”)" if said else f"The reason: “{quote}”."
