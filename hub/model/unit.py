"""Units of quantities: one code for each, whatever a system calls it, and what one is in another."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal

from hub.model.fault import ValueFault
from hub.model.value import check_decimal

_EXACT = Context(prec=40)
_DECIMALS = Decimal(1).scaleb(-12)


@dataclass(frozen=True, slots=True)
class Unit:
    """`size`: in the base unit of `measure` (g, ml, mm, piece). `zh`, `ece`: its word, and its code of UN/ECE Recommendation 20."""

    code: str
    measure: str
    size: Decimal
    zh: str
    ece: str


# code, measure, size, Chinese word, UN/ECE code, other words
_TABLE = """
mg      mass   0.001         毫克  MGM
g       mass   1             克    GRM  gram grams gm
kg      mass   1000          千克  KGM  公斤 kilogram kilograms kilo
t       mass   1000000       吨    TNE  噸 ton tonne
jin     mass   500           斤    -    市斤
liang   mass   50            两    -    兩 市两
oz      mass   28.349523125  盎司  ONZ  ounce ounces
lb      mass   453.59237     磅    LBR  lbs pound pounds
ml      volume 1             毫升  MLT  cc millilitre milliliter
cl      volume 10            厘升  CLT
l       volume 1000          升    LTR  litre liter 公升
mm      length 1             毫米  MMT
cm      length 10            厘米  CMT  公分
m       length 1000          米    MTR  公尺 metre meter
in      length 25.4          英寸  INH  inch inches
piece   count  1             件    C62  个 個 只 支 pc pcs ea each item h87 pce pieces unit
pair    count  2             双    PR   對 对 雙 pairs
dozen   count  12            打    DZN  doz
box     box    1             盒    BX   boxes
case    case   1             箱    CS   carton ctn cases ct
bag     bag    1             袋    BG   bags
bottle  bottle 1             瓶    BO   btl bottles
can     can    1             罐    CA   听 聽 cans
pack    pack   1             包    PK   packet pkt packs
set     set    1             套    SET  sets
roll    roll   1             卷    RO   rolls
sheet   sheet  1             张    ST   張 sheets
cup     cup    1             杯    -    cups
portion portion 1            份    -    portions
bar     bar    1             条    -    條 bars
barrel  barrel 1             桶    BLL  barrels
"""
_WORDS: dict[str, str] = {}
UNITS: dict[str, Unit] = {}
for _line in _TABLE.split("\n"):
    if _line:
        _code, _measure, _size, _zh, _ece, *_others = _line.split()
        UNITS[_code] = Unit(_code, _measure, Decimal(_size), _zh, "" if _ece == "-" else _ece)
        _WORDS |= dict.fromkeys((_code, _zh, _ece.lower(), *_others), _code)
_WORDS.pop("-")


def unit_of(word: str) -> Unit | None:
    """The unit that a word, a symbol or a code of UN/ECE stands for; None when it is not known."""
    code = _WORDS.get(word.strip().lower())
    return UNITS[code] if code else None


def convert(value: object, of: str, to: str) -> str:
    """A quantity in another unit, to twelve decimals; `ValueFault` for unknown units or of different measures."""
    source, target = _known(of), _known(to)
    if source.measure != target.measure:
        raise ValueFault("bad_unit", f"{source.code} is a {source.measure}, {target.code} a {target.measure}")
    exact = _EXACT.divide(_EXACT.multiply(Decimal(check_decimal(value)), source.size), target.size)
    return check_decimal(format(exact.quantize(_DECIMALS, context=_EXACT).normalize(_EXACT), "f"))


def _known(word: str) -> Unit:
    found = unit_of(word)
    if found is None:
        raise ValueFault("bad_unit", "is not a known unit")
    return found
