"""Which gender a Chinese given name leans to: a hint where an honorific names one, never more."""

from __future__ import annotations

# Signs that nine of ten bearers or more share a gender of, by common knowledge of names in use.
_FEMALE = frozenset(
    "芳娜秀英丽艳娟霞红兰梅静敏婷雪琳雅欣怡诗佳琪涵梓婧妍媛莉莲蓉萍燕珍珠翠凤桂香桃菊美倩娇妮娥嫣慧惠淑贞琴瑶莹洁颖薇蕾萱彤姗"
    "娅姣妹花玲丹云柳畅瑜璐芝荣玉春冬晶姝婉婵娴黛芬茜茹荷莎菲萌蓓芸苗岚曼盈璇琼碧露霜"
)
_MALE = frozenset(
    "伟强磊军洋勇杰涛明超刚平建国辉鹏飞鑫波斌宇浩凯健俊帆帅旭龙林成峰志雷东博彬坤兵轩豪睿毅武宏康振政威栋德福贵祥松山庆力永广立良"
    "根树泽昊亮虎彪钢铁胜利民岩阳海江河川涌锋锐鸿绍光耀荣宗祖泰晖骏骁翔腾"
)
_BOTH = _FEMALE & _MALE


def leaning_of(given: str) -> str:
    """`male`, `female`, or "" when the signs say neither or both."""
    balance = 0
    for sign in given:
        if sign not in _BOTH:
            balance += (sign in _MALE) - (sign in _FEMALE)
    return "male" if balance > 0 else "female" if balance < 0 else ""
