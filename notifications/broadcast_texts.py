"""The text of a broadcast (群发文案): a template that staff write, filled for each person when it is sent.

What a template may do is listed here: name a variable, choose by one, and tidy it. Everything else that the template
language knows (calls, attributes, loops, arithmetic) is refused when the text is written, on top of the sandbox, so
that no text reaches anything or takes long. An unknown name is an error then too, not a hole in front of ten thousand
people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import SandboxedEnvironment

from notifications.rendering import utf8, utf16
from policy.refusal import Refused

VARIABLES: Final[Mapping[str, str]] = {
    "name": "姓名",
    "greeting": "称呼，如“陈同学”",
    "city": "常住城市",
    "education": "学历",
    "school": "毕业院校",
    "major": "专业",
    "eligible_until": "资格有效至",
    "position_count": "所在城市正在招募的岗位数",
}
"""What a text may say about a person, with what it stands for. What is not known is empty, or 0."""

Values = Mapping[str, str | int]
"""The variables of one person."""

FILTERS: Final = ("default", "d", "trim", "upper", "lower", "length")
ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Filter),
)
LONGEST: Final = {
    "wechat": ("微信公众号", utf8, 2000, "字节"),
    "telegram": ("Telegram", utf16, 4096, "字"),
}
"""By channel: its name, how it measures a text, and what it takes in one message."""
MOST_SOURCE: Final = 4000

_sandbox: Final = SandboxedEnvironment(
    undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
)
_sandbox.globals.clear()


def checked(text: str) -> Template:
    """The compiled template. Raises `Refused` for what is wrong: empty, too long, syntax, unknown names."""
    if not text.strip():
        raise Refused("群发内容是空的，请写上要说的话。")
    if len(text) > MOST_SOURCE:
        raise Refused(f"群发内容太长了（{len(text)} 字），请控制在 {MOST_SOURCE} 字以内。")
    return _compiled(text)


@lru_cache(maxsize=64)
def names(text: str) -> frozenset[str]:
    """The variables that a text uses."""
    return frozenset(node.name for node in _sandbox.parse(text).find_all(nodes.Name))


@lru_cache(maxsize=64)
def _compiled(text: str) -> Template:
    try:
        faults = list(_faults(_sandbox.parse(text)))
        if faults:
            raise Refused(*dict.fromkeys(faults))
        return _sandbox.from_string(text)
    except TemplateSyntaxError as error:
        raise Refused(f"第 {error.lineno} 行的变量写法不对，请照 {{{{ greeting }}}} 这样写。") from None
    except (SyntaxError, RecursionError):  # Python nests no deeper
        raise Refused("内容里的括号或判断套得太深了，请写简单些。") from None


def _faults(tree: nodes.Template) -> Iterable[str]:
    unknown = sorted({node.name for node in tree.find_all(nodes.Name)} - VARIABLES.keys())
    if unknown:
        known = "、".join(f"{name}（{label}）" for name, label in VARIABLES.items())
        yield f"没有这些变量：{'、'.join(unknown)}。可用的有：{known}。"
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, ALLOWED) or (isinstance(node, nodes.Name) and node.ctx != "load"):
            yield f"第 {node.lineno} 行：只能写变量和 {{% if %}} 判断，不能写循环、计算或调用。"
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            yield f"第 {node.lineno} 行：没有“{node.name}”这个过滤器，可用的有：{'、'.join(FILTERS)}。"


def rendered(text: str, values: Values) -> str:
    """The text for one person. Raises `Refused` when it cannot be filled, or nothing is left to say."""
    template = checked(text)
    try:
        filled = template.render(values).strip()
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        raise Refused(f"内容填不出来（{type(error).__name__}），请检查变量和判断。") from None
    if not filled:
        raise Refused("有的人填出来是空的，请给每个人都写上要说的话。")
    return filled


def too_long(texts: Iterable[str]) -> tuple[str, ...]:
    """What each channel's limit says to the longest of these texts, as sentences; empty when all fit."""
    texts = list(texts)
    found = []
    for label, measure, limit, unit in LONGEST.values():
        longest = max(map(measure, texts), default=0)
        if longest > limit:
            found.append(
                f"{label}：最长的一条有 {longest} {unit}，超过 {limit}，会分成几条发出，多占发送额度。"
            )
    return tuple(found)
