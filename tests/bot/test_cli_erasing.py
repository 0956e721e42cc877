"""Deleting by command: who asked on paper, and whom a restored backup has brought back."""

from __future__ import annotations

import json
from datetime import timedelta

from bot.app import Parts, utc_now
from policy.ledger_codes import Stage
from storage.database import Connection
from tests.serving import Run
from tests.storage import care_rows


def registered(parts: Parts, *, contacts: int, stage: Stage | None = None) -> int:
    def work(connection: Connection) -> int:
        number = care_rows.person(connection, parts.sealer, contacts + 1, contacts=contacts)
        if stage is not None:
            care_rows.internship(connection, number, stage=stage)
        return number

    return parts.database.write_sync(work)


def test_who_asks_on_paper_is_deleted_and_listed(parts: Parts, run: Run) -> None:
    chatting, alone = registered(parts, contacts=1), registered(parts, contacts=0)
    booked = registered(parts, contacts=2, stage=Stage.IN_POST)
    why = ("--reason", "本人书面申请", "--yes")
    assert "已经全部删除" in run("people", "erase", str(chatting), *why).out
    assert "已经全部删除" in run("people", "erase", str(alone), *why).out
    assert "台账锁定保存" in run("people", "erase", str(booked), *why).out
    assert "已经锁定保存" in run("people", "erase", str(booked), *why).error
    assert run("people", "erase", str(alone), *why).status == 1
    today = f"{utc_now() - timedelta(days=1):%Y-%m-%d}"
    found = json.loads(run("people", "erased", "--since", today, "--json").out)
    assert [one["person"] for one in found] == [chatting, alone, booked]
    assert json.loads(run("people", "list", "--json").out)[0]["status"] == "locked"


def test_nothing_is_deleted_without_a_reason_or_a_yes(parts: Parts, run: Run) -> None:
    number = registered(parts, contacts=1)
    assert "请写为什么删" in run("people", "erase", str(number), "--reason", " ", "--yes").error
    assert run("people", "erase", str(number), "--reason", "本人书面申请").status == 1
    assert len(json.loads(run("people", "list", "--json").out)) == 1
