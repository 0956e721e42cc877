"""The filters of an audience as options of a command (筛选条件), and in words for staff."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any, Final, get_type_hints

import typer

from bot.command_line import city_code, complain
from policy.codes import Education, PositionKind, Track
from policy.regions import city
from storage.audiences import STAGES

CHANNELS: Final = {"wechat": "微信公众号", "telegram": "Telegram", "web": "网页", "terminal": "终端"}
KNOWN: Final[Mapping[str, Mapping[str, str]]] = {
    "tracks": {track.value: track.label for track in Track},
    "stages": STAGES,
    "educations": {education.value: education.label for education in Education},
    "kinds": {kind.value: kind.label for kind in PositionKind},
    "channels": CHANNELS,
}
TITLES: Final = {
    "cities": "常住城市",
    "wished_cities": "意向城市",
    "tracks": "人员类别",
    "stages": "见习阶段",
    "hardship": "困难情况",
    "educations": "学历",
    "kinds": "意向岗位",
    "source": "来源",
    "channels": "渠道",
    "seen_within": "最近联系过（天）",
    "silent_for": "没有联系（天）",
    "include_demo": "包括示例数据",
}
MANY: Final = {
    "city": "cities",
    "wished_city": "wished_cities",
    "track": "tracks",
    "stage": "stages",
    "education": "educations",
    "kind": "kinds",
    "channel": "channels",
}
"""Options that may be given several times, and the filter each is for."""


def _options(
    city: Annotated[list[str] | None, typer.Option(help="常住城市，可写几个。")] = None,
    wished_city: Annotated[
        list[str] | None, typer.Option(help="意向城市，含服从调剂的人，可写几个。")
    ] = None,
    track: Annotated[list[str] | None, typer.Option(help="graduate（毕业生）或 youth（失业青年）。")] = None,
    stage: Annotated[list[str] | None, typer.Option(help="见习阶段，none 是还没有见习。")] = None,
    hardship: Annotated[bool | None, typer.Option(help="只要有困难的，或只要没有困难的。")] = None,
    education: Annotated[list[str] | None, typer.Option(help="学历，中文名或代码。")] = None,
    kind: Annotated[list[str] | None, typer.Option(help="意向岗位类别，中文名或代码。")] = None,
    source: Annotated[str, typer.Option(help="来源，例如海报场景的开头几个字。")] = "",
    channel: Annotated[list[str] | None, typer.Option(help="渠道：wechat、telegram、web。")] = None,
    seen_within: Annotated[int | None, typer.Option(help="最近多少天内联系过的。")] = None,
    silent_for: Annotated[int | None, typer.Option(help="至少多少天没有联系的。")] = None,
    include_demo: Annotated[
        bool, typer.Option("--include-demo", help="把示例数据也算进去（演示用）。")
    ] = False,
    everybody: Annotated[bool, typer.Option("--everybody", help="不筛选，所有同意推送的人。")] = False,
) -> None: ...


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command these options. It receives them as `audience`: the filters, or None when none was typed."""
    own = dict(inspect.signature(command).parameters)
    hints = get_type_hints(command, include_extras=True) | get_type_hints(_options, include_extras=True)
    del own["audience"]
    options = dict(inspect.signature(_options).parameters)
    every = {
        name: parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=hints[name])
        for name, parameter in (own | options).items()
    }

    @wraps(command)
    def wrapped(**given: Any) -> None:  # noqa: ANN401 - whatever the options are
        typed = {name: given.pop(name) for name in options}
        command(**given, audience=_audience(typed))

    wrapped.__signature__ = inspect.Signature(list(every.values()))  # type: ignore[attr-defined]
    wrapped.__annotations__ = {name: hints[name] for name in every}
    return wrapped


def _audience(typed: Mapping[str, Any]) -> dict[str, Any] | None:
    found: dict[str, Any] = {}
    for option, name in MANY.items():
        if typed[option]:
            found[name] = [_coded(name, text) for text in typed[option]]
    for name in ("hardship", "seen_within", "silent_for"):
        if typed[name] is not None:
            found[name] = typed[name]
    for name in ("source", "include_demo"):
        if typed[name]:
            found[name] = typed[name]
    if typed["everybody"]:
        if found.keys() - {"include_demo"}:
            raise complain("--everybody 是不筛选，请不要和其他条件一起写。", 2)
        return found
    return found or None


def _coded(name: str, text: str) -> str:
    if name in ("cities", "wished_cities"):
        return city_code(text)
    known = KNOWN[name]
    for value, label in known.items():
        if text in (value, label):
            return value
    raise complain(f"没有“{text}”。{TITLES[name]}可以写：{'、'.join(known.values())}。", 2)


def in_words(audience: Mapping[str, Any]) -> str:
    """Stored filters as one line for staff."""
    parts = [f"{TITLES[name]}：{_worded(name, value)}" for name, value in audience.items()]
    return "；".join(parts) or "所有同意推送的人"


def _worded(name: str, value: Any) -> str:  # noqa: ANN401 - any filter's value
    if name in ("cities", "wished_cities"):
        return "、".join(city(code).short for code in value)
    if name in KNOWN:
        return "、".join(KNOWN[name].get(code, code) for code in value)
    if isinstance(value, bool):
        return "有" if value and name == "hardship" else "是" if value else "没有"
    return str(value)
