"""The home dialog (首页菜单): what a person can do here, and the one question asked before starting over."""

from __future__ import annotations

from dialogs.definition import Choose, Definition, Enter, When, answered, condition
from dialogs.model import View


@condition()
def already_registered(view: View) -> bool:
    """The person is in the trainee information base."""
    return view.registered


HOME = Definition(
    name="home",
    version=1,
    steps=(
        Choose(
            name="menu",
            into="_choice",
            options=("register", "positions", "questions", "mine", "internship", "host", "human"),
            goto=(
                When(answered("_choice", "positions"), Enter("positions")),
                When(answered("_choice", "questions"), Enter("questions")),
                When(answered("_choice", "mine"), Enter("preferences")),
                When(answered("_choice", "internship"), Enter("internship")),
                When(answered("_choice", "host"), Enter("host_application")),
                When(answered("_choice", "human"), Enter("handover")),
                When(already_registered, "registered_before"),
                Enter("registration"),
            ),
        ),
        Choose(
            name="registered_before",
            into="_choice",
            options=("mine", "correct", "menu"),
            goto=(
                When(answered("_choice", "mine"), Enter("preferences", "fetch_mine")),
                When(answered("_choice", "correct"), Enter("preferences", "fetch_answers")),
                "menu",
            ),
        ),
        Choose(
            name="confirm_restart",
            into="_choice",
            options=("no", "yes"),
            goto=(
                When(answered("_choice", "yes"), Enter("registration", anew=True)),
                Enter("registration"),
            ),
        ),
        Choose(
            name="confirm_host_restart",
            into="_choice",
            options=("no", "yes"),
            goto=(
                When(answered("_choice", "yes"), Enter("host_application", anew=True)),
                Enter("host_application"),
            ),
        ),
    ),
)
