"""Chinese family names of one sign: what tells a whole name from a nickname. Those of two signs are `person_name.COMPOUND`."""

from __future__ import annotations

from hub.model.person_name import COMPOUND

# 百家姓 and others that more than some ten thousand people bear, in simplified signs.
_ONE_SIGN = """
    赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳酆鲍史唐
    费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁
    杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯昝管卢莫经房裘缪干解应宗丁宣贲邓郁单杭洪包诸左石崔吉钮龚
    程嵇邢滑裴陆荣翁荀羊於惠甄曲家封芮羿储靳汲邴糜松井段富巫乌焦巴弓牧隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘钭厉戎祖武符刘景詹束龙
    叶幸司韶郜黎蓟薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴郁胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍却璩桑桂濮牛寿通边扈燕冀郏浦尚农
    温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾
    毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公付肖代候闫帅敬粟占苟冼覃仝原区迟海岳鹿母展由佟练战辜佘滚泰初揭门丛但楚漆肇衣佴
    卿宾亓晋兰商修信位保衷上官来祖植矫税荀臧底丘邸刀桥尧宛郄句侍麦苑辉计郎甯户种矣朴玉青邝买麻逢藏普牟
    涂芦隋官南栗鄢谌楼盘况檀奉亢赫尉冶阳银
"""
ONE_SIGN = frozenset("".join(_ONE_SIGN.split())) - set("上来玉青红别水花公海")


def size_of_surname(name: str) -> int:
    """How many signs of a simplified Chinese name are the family's: 2, 1, or 0 when it begins with no family name."""
    if len(name) > 2 and name[:2] in COMPOUND:
        return 2
    return 1 if name[:1] in ONE_SIGN else 0
