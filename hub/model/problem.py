"""Why an item is set aside, by code: what it means and how it is fixed, in both languages.

The codes are stable: they group causes in the quarantine, on the command line, in alerts and in the API.
"""

from __future__ import annotations

from dataclasses import dataclass

from hub.model.kind import Text


@dataclass(frozen=True, slots=True)
class ProblemText:
    """`title`: a few words. `meaning`: what is wrong, and where to look. `fix`: what to do about it."""

    title: Text
    meaning: Text
    fix: Text


_MAPPING = Text(
    "打开所指的映射行修正（或换一个转换），试运行后再重新处理。",
    "Correct the line of the mapping that is named (or take another transform), try it, then run the events again.",
)
_SOURCE = Text(
    "请来源系统改正后重新发送；修好之前该事件保留在这里。",
    "Have the source system correct and send it again; until then the event stays here.",
)


def _text(title: tuple[str, str], meaning: tuple[str, str], fix: Text | tuple[str, str] = _MAPPING) -> ProblemText:
    return ProblemText(Text(*title), Text(*meaning), fix if isinstance(fix, Text) else Text(*fix))


def _value(zh: str, en: str, kind_zh: str, kind_en: str) -> ProblemText:
    """A value of the wrong form: the same advice for all of them."""
    return _text(
        (zh, en),
        (f"该路径上的值不是{kind_zh}。", f"The value at the path is not {kind_en}."),
        (
            "如果来源系统的写法就是这样，在所指的映射行加上合适的转换；如果是录入错误，请在来源系统改正。",
            "If the system always writes it so, put a fitting transform on that mapping line; if it is a slip, correct it there.",
        ),
    )


PROBLEMS: dict[str, ProblemText] = {
    # the bytes
    "bad_json": _text(
        ("不是有效的 JSON", "not JSON"),
        ("正文不是 JSON；说明里有行和列。", "The body is not JSON; the message names line and column."),
        _SOURCE,
    ),
    "bad_encoding": _text(
        ("不是 UTF-8 编码", "not UTF-8"),
        (
            "正文含有不是 UTF-8 的字节；说明里有字节位置。",
            "The body holds bytes that are not UTF-8; the message names the first.",
        ),
        (
            "让来源系统用 UTF-8 发送（常见原因：GB18030 导出）；文件可先转码再导入。",
            "Have the system send UTF-8 (often it exports GB18030); a file can be converted before it is ingested.",
        ),
    ),
    "repeated_key": _text(
        ("同名键出现两次", "a key stands twice"),
        (
            "一个对象里同一个键出现两次，无法判断哪个值算数。",
            "One object holds the same key twice, and nobody can tell which value counts.",
        ),
        _SOURCE,
    ),
    "too_deep": _text(
        ("嵌套过深", "nested too deeply"),
        ("内容嵌套层数过多。", "The content is nested more deeply than any record is."),
        _SOURCE,
    ),
    "too_large": _text(
        ("过大", "too large"),
        (
            "条目超过 12 MiB：只保留了哈希、大小和前 64 KiB，不能从保留的内容重新处理。",
            "The item has more than 12 MiB: its hash, its size and its first 64 KiB are kept, so it cannot run again from that.",
        ),
        (
            "在来源系统把它变小（例如移走内嵌图片），然后点“重新读取”；不支持单条读取的系统会在下一次读取时带来它。",
            "Make it smaller at the system (embedded pictures?), then fetch it anew, or let the next reading bring it.",
        ),
    ),
    "bad_text": _text(
        ("文字无法保存", "broken text"),
        (
            "文字含有 NUL 或半个代理对，或过长，数据库无法保存。",
            "A text holds NUL or half of a surrogate pair, or is too long to be kept.",
        ),
        _SOURCE,
    ),
    "erased": _text(
        ("内容已删除", "erased"),
        ("此事件的正文已按请求删除。", "The body of this event was erased on request."),
        ("没有可做的：放弃它。", "There is nothing to be done: discard it."),
    ),
    # the stream
    "unknown_topic": _text(
        ("未知主题", "unknown topic"),
        ("连接器没有任何数据流列出这个主题。", "No stream of the connector lists this topic."),
        (
            "在来源系统取消这个订阅并放弃事件；或升级连接器。",
            "Take the subscription away at the system and discard the events, or update the connector.",
        ),
    ),
    "no_mapping": _text(
        ("没有映射", "no mapping"),
        ("没有映射文件声明读取这个数据流。", "No mapping file says that it reads this stream."),
        (
            "为它写一个映射文件，生效后重新处理。",
            "Write a mapping file for it, put it in force, and run the events again.",
        ),
    ),
    "config": _text(
        ("设置有误", "a setting is wrong"),
        (
            "连接或规则的设置有误；说明里写明是哪一个。",
            "A setting of the connection or a rule is wrong; the message says which.",
        ),
        ("按说明改正设置，然后重新处理。", "Correct what the message names, then run the events again."),
    ),
    "bad_notice": _text(
        ("通知没有编号", "a notice without id"),
        ("变更通知必须带记录的 id。", "A notice of a change has to carry the record's id."),
        _SOURCE,
    ),
    "bad_payload": _text(
        ("内容不是对象", "not an object"),
        ("映射期望一个对象，得到的是别的。", "The mapping expects an object and got something else."),
    ),
    # the mapping's fields
    "missing_field": _text(
        ("缺少字段", "missing field"),
        ("必填字段没有值。", "A mandatory field has no value."),
        (
            "来源改了字段名时，改所指的映射行；值确实可能没有时，在映射里给出 default。",
            "Where the system renamed it, change the mapping line that is named; where it may well be absent, give a `default`.",
        ),
    ),
    "missing_id": _text(
        ("缺少编号", "missing id"),
        ("记录没有编号，无法知道它是哪一条。", "The record has no id, so nobody can tell which one it is."),
    ),
    "unknown_field": _text(
        ("未知字段", "unknown field"),
        ("转换给出了该类记录没有声明的字段。", "A transform gives a field that the kind does not declare."),
    ),
    "unknown_value": _text(
        ("未知取值", "unknown value"),
        ("值不在对照表里。", "The value is not in the look-up table."),
        (
            "把它加进所指的对照表，或写明未知值怎么处理，然后重新处理。",
            "Add it to the table that is named, or say what unknown means, then run the events again.",
        ),
    ),
    "bad_type": _value("类型不符", "wrong type", "所期望的类型", "of the type expected"),
    "bad_value": _value("值无法转换", "a value cannot be converted", "转换能读的", "one that the transform can read"),
    "bad_choice": _value("不在可选值内", "none of the choices", "允许的取值之一", "one of the choices"),
    "bad_money": _value("金额有误", "not an amount", "金额", "an amount of money"),
    "bad_currency": _value("币种未知", "unknown currency", "已知的 ISO 4217 币种", "a known ISO 4217 currency"),
    "mixed_currencies": _text(
        ("币种混用", "mixed currencies"),
        ("一次计算里出现了两种币种。", "Two currencies meet in one reckoning."),
    ),
    "bad_number": _value(
        "数字有误",
        "not a usable number",
        "可用的数字（NaN、无穷、超过 64 位都不行）",
        "a usable number (no NaN, no infinity, at most 64 bits)",
    ),
    "bad_boolean": _value("不是是/否", "neither true nor false", "是或否", "true or false"),
    "bad_time": _value("时间有误", "not a time", "带时区的时间", "a time with its zone"),
    "bad_date": _value("日期有误", "not a date", "日期", "a date"),
    "bad_order": _text(
        ("版本单位不同", "another unit of order"),
        (
            "同一类对象的版本必须用同一种单位排序（时间或计数）。",
            "Versions of one object type have to be ordered by one unit, a time or a count.",
        ),
    ),
    "bad_id": _value("编号有误", "not an id", "可用的编号", "a usable id"),
    "bad_reference": _value("引用有误", "not a reference", "对另一条记录的引用", "a reference to another record"),
    "bad_identity": _value(
        "身份有误", "not an identity", "身份（命名空间加值）", "an identity, a namespace and a value"
    ),
    "bad_list": _value("不是列表", "not a list", "列表", "a list"),
    "bad_map": _value("不是对象", "not an object", "对象", "an object"),
    "bad_unit": _value("单位有误", "not a unit", "可换算的计量单位", "a unit that can be converted"),
    "bad_country": _value("国家代码有误", "not a country", "ISO 3166-1 两位国家代码", "a country of ISO 3166-1"),
    "bad_address": _value("地址有误", "not an address", "地址", "an address"),
    "bad_email": _value("邮箱有误", "not an e-mail address", "邮箱地址", "an e-mail address"),
    "bad_phone": _value("电话有误", "not a phone number", "电话号码", "a phone number"),
    "bad_name": _value("姓名有误", "not a name", "姓名", "a name"),
    "bad_html": _value("HTML 有误", "unreadable HTML", "可读的 HTML", "HTML that can be read"),
    "bad_argument": _text(
        ("转换参数有误", "a wrong argument"),
        ("所指的映射行给转换的参数不对。", "The mapping line that is named gives a transform a wrong argument."),
    ),
    "invalid": _text(
        ("内容无效", "invalid"),
        ("连接器认为该条目不可用；说明里有原因。", "The connector finds the item unusable; the message says why."),
        _SOURCE,
    ),
    # our own
    "crash": _text(
        ("映射出错", "the mapping crashed"),
        (
            "映射或转换里有程序错误；说明里有文件和行。",
            "There is a bug in a transform or a mapping; the place is named.",
        ),
        (
            "修正那个转换（插件作者）并重启；在此之前换用别的转换。",
            "Have its author correct the transform and restart; until then take another one in the mapping.",
        ),
    ),
    "poison": _text(
        ("处理时使进程崩溃或不结束", "it kills or stops its process"),
        (
            "处理它的进程 3 次崩溃，或超过 10 秒没有结束而被看门狗终止。其他事件都已照常处理。",
            "Three times its process crashed, or ran over 10 seconds and was ended. All other events were processed.",
        ),
        (
            "修正那个转换或正则表达式，重启工作进程，再重新处理：它会单独运行。",
            "Correct the transform or regular expression, restart the workers, and run it again: it runs by itself.",
        ),
    ),
    "refused_by_store": _text(
        ("数据库拒绝", "refused by the database"),
        ("数据库不能保存映射的结果。", "The database cannot keep what the mapping made of it."),
        (
            "查看该事件的取值（NUL、过大的数）；修正映射或来源后重新处理。",
            "Look at the event's values (NUL, huge numbers), correct the mapping or the source, and run it again.",
        ),
    ),
}


def problem_text(code: str) -> ProblemText | None:
    """The texts of a code; None for a code that a plugin made up: its own message says what is wrong."""
    return PROBLEMS.get(code)
