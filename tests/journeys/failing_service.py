"""`jianxi` with verbs that fail and quote all they were given, as a badly written one might."""

from collections.abc import Mapping
from typing import Any, cast

from bot.__main__ import main
from bot.desk import Desk
from bot.verbs import VERBS


def failing(desk: Desk, data: Mapping[str, Any]) -> Any:  # noqa: ANN401 - it never returns
    raise ValueError(f"cannot work with {dict(data)}") from KeyError(*data.values())


verbs = cast(dict[str, Any], VERBS)
verbs["hand_over"] = verbs["register"] = failing

if __name__ == "__main__":
    main()
