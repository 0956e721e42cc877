"""Amounts of money as people write them."""

from datetime import date

import pytest

from dialogs.errors import Rejected
from dialogs.parse.amounts import yuan

READ = yuan(50_000)
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1800", 1800),
        ("１８００元", 1800),
        ("2,000元", 2000),
        ("2，000", 2000),
        ("￥1664", 1664),
        ("1664.50", 1664),
        ("1.8k", 1800),
        ("1千8", 1800),
        ("2千", 2000),
        ("一千八", 1800),
        ("两千五百块", 2500),
        ("两千零五十", 2050),
        ("一万二", 12000),
        ("三百五十", 350),
        ("大概1800左右", 1800),
        ("实发 1800 元", 1800),
        ("发了两千", 2000),
        ("没发", 0),
        ("还没收到。", 0),
        ("没有", 0),
        ("0", 0),
    ],
)
def test_an_amount_is_read(text: str, amount: int) -> None:
    assert READ(text, TODAY) == amount


@pytest.mark.parametrize("text", ["好多钱", "10月5日", "", "不知道", "一千千"])
def test_what_is_no_amount_is_asked_again(text: str) -> None:
    with pytest.raises(Rejected, match=r"amount\.unknown"):
        READ(text, TODAY)


def test_an_amount_beyond_reason_is_asked_again() -> None:
    with pytest.raises(Rejected, match=r"amount\.too_much"):
        READ("13800138000", TODAY)
