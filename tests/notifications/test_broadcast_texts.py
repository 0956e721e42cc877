"""Texts of broadcasts: filled for a person, checked when written, and never more than a text."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.broadcast_texts import MOST_SOURCE, VARIABLES, checked, names, rendered, too_long
from notifications.broadcasts import EXAMPLE
from policy.refusal import Refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("您好", "您好"),
        ("{{ greeting }}，您好", "陈同学，您好"),
        ("{% if major %}您学的是{{ major }}。{% endif %}", "您学的是会计学。"),
        ("{{ city }}{% if position_count > 10 %}有很多{% else %}暂无{% endif %}岗位", "广州有很多岗位"),
        ("{{ school|default('学校') }}", "示例大学"),
        ("{{ '有' if position_count else '没有' }}", "有"),
        ("{# 备注 #}您好", "您好"),
        ("{% if not major or city == '佛山' %}甲{% else %}乙{% endif %}", "乙"),
    ],
)
def test_variables_and_choices_are_filled(text: str, said: str) -> None:
    assert rendered(text, EXAMPLE) == said


def test_every_variable_has_its_value() -> None:
    for name in VARIABLES:
        assert rendered(f"{{{{ {name} }}}}", EXAMPLE) == str(EXAMPLE[name])
    assert set(EXAMPLE) == set(VARIABLES)


def test_what_a_person_wrote_is_never_a_template() -> None:
    values = {**EXAMPLE, "school": "{{ name }}{% for x in y %}"}
    assert rendered("{{ school }}", values) == "{{ name }}{% for x in y %}"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ name.format(name) }}",
        "{{ name['a'] }}",
        "{{ name() }}",
        "{{ self }}",
        "{{ self._TemplateReference__context }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ lipsum() }}",
        "{{ range(1000000000) }}",
        "{% for letter in name %}x{% endfor %}",
        "{% for a in name %}{% for b in name %}{% for c in name %}x{% endfor %}{% endfor %}{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 10 ** 100000000 }}",
        "{{ name|center(1000000000) }}",
        "{{ '%1000000000d'|format(1) }}",
        "{{ name|attr('__class__') }}",
        "{% set name = 'x' %}{{ name }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% extends 'x' %}",
        "{% block x %}{% endblock %}",
        "{% filter upper %}x{% endfilter %}",
        "{{ [1, 2] }}",
        "{{ {'a': 1} }}",
        "{{ name is defined }}",
        "{{" + "(" * 1500 + "name" + ")" * 1500 + "}}",
        "{% if " + "not " * 700 + "name %}a{% endif %}b",
        "{% if name %}" * 180 + "x" + "{% endif %}" * 180,
    ],
)
def test_nothing_but_variables_and_choices_is_taken(text: str) -> None:
    with pytest.raises(Refused):
        checked(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ("空的",)),
        (" \n", ("空的",)),
        ("字" * (MOST_SOURCE + 1), (str(MOST_SOURCE),)),
        ("您好\n{{ nmae }}，{{ grade }}", ("nmae", "grade", "greeting（称呼")),
        ("您好\n{{ name ", ("第 2 行",)),
        ("{% if name %}您好", ("第 1 行",)),
        ("您好\n\n{% for a in name %}{% endfor %}", ("第 3 行", "循环")),
        ("{{ name|shout }}", ("shout", "upper")),
    ],
)
def test_a_clerk_reads_what_is_wrong_and_where(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(Refused) as refused:
        checked(text)
    assert all(word in str(refused.value) for word in words), str(refused.value)


@pytest.mark.parametrize(
    "text", ["{{ city > 3 }}", "{{ position_count|length }}", "{% if not name %}x{% endif %}"]
)
def test_what_cannot_be_filled_or_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        rendered(text, EXAMPLE)


def test_a_text_tells_which_variables_it_uses() -> None:
    assert names("{{ name }}{% if position_count %}x{% endif %}") == {"name", "position_count"}
    assert names("您好") == frozenset()


@given(st.text(st.sampled_from("{}%#|() '.*+[]=<>\nifendonamecity"), max_size=40))
def test_any_text_is_filled_or_refused(text: str) -> None:
    with suppress(Refused):  # anything else would be a fault
        said = rendered(text, EXAMPLE)
        assert said == said.strip() != ""


@pytest.mark.parametrize(
    ("texts", "channels"),
    [
        ([], ()),
        (["您好"], ()),
        (["字" * 666], ()),
        (["字" * 667], ("微信公众号",)),
        (["a" * 2000], ()),
        (["a" * 4097], ("微信公众号", "Telegram")),
        (["😀" * 2049, "x"], ("微信公众号", "Telegram")),
        (["字" * 667, "a" * 1999], ("微信公众号",)),
    ],
)
def test_each_channel_measures_in_its_own_way(texts: list[str], channels: tuple[str, ...]) -> None:
    assert tuple(warning.partition("：")[0] for warning in too_long(texts)) == channels
