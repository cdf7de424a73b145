"""`ecid review`: marking findings of a stored result, on a real store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ecid.adapters.object_store import FolderStore
from ecid.bootstrap import Platform
from ecid.cli.review import review_command
from ecid.errors import EcidError
from ecid.settings import Settings
from tests.adapters.engines import fact_store
from tests.services.test_score_questions import ROWS, USCC, House

HOSTILE = "[bold]<b>\U0001f4a9 {finding} %s"


@pytest.fixture
def house(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with fact_store("moto", tmp_path_factory.getbasetemp()) as store:
        made = House(store, tmp_path)
        made.lodge(ROWS)
        made.score()
        yield made


class OnHouse(Platform):
    """The platform on the stores of a house."""

    def __init__(self, house: House) -> None:
        super().__init__(Settings())
        self.__dict__ |= {"store": house.store, "objects": house.objects}


def told(house: House, *arguments: str, status: int = 0) -> Result:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(review_command, ["--as", USCC, *arguments], obj=OnHouse(house))
    assert done.exit_code == status, done.output
    return done


def error(house: House, *arguments: str) -> Any:
    return CliRunner().invoke(review_command, [*arguments], obj=OnHouse(house)).exception


@pytest.mark.parametrize(("lang", "kept", "gone"), [("zh", "已标记", "最新结果中已无此项"), ("en", "Marked", "no longer in the newest result")])
def test_a_finding_is_marked_listed_and_taken_back(house: House, lang: str, kept: str, gone: str) -> None:
    assert isinstance(house.objects, FolderStore)
    findings = house.questions.explain(USCC, "zh")["findings"]
    marked = next(finding["id"] for finding in findings if finding["rule"] == "ELEMENT_MISSING")
    said = told(house, marked[:8], "--because", HOSTILE, "--by", "王", "--lang", lang).stdout
    assert kept in said
    assert marked in said
    (mark,) = json.loads(told(house, "--json", "--lang", lang).stdout)
    assert {key: mark[key] for key in ("finding", "because", "by")} == {"finding": marked, "because": HOSTILE, "by": "王"}
    assert mark["title"]
    assert HOSTILE in told(house, "--lang", lang).stdout
    house.lodge([{}] * 6, first=30)
    house.now = house.now.replace(day=18)
    house.score()
    assert gone in told(house, "--lang", lang).stdout
    assert marked in told(house, marked[:4], "--withdraw", "--lang", lang).stdout
    assert json.loads(told(house, "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--as", USCC, "00000000", "--because", "good"], "not_found"),
        (["--as", USCC, "00000000", "--withdraw"], "not_found"),
        (["--as", "91370302MA3C8R5K6T", "00000000", "--because", "good"], "report_not_ready"),
        (["--as", "nobody"], "invalid_identifier"),
    ],
)
def test_what_cannot_be_marked_is_told(house: House, arguments: list[str], code: str) -> None:
    refusal = error(house, *arguments)
    assert isinstance(refusal, EcidError)
    assert refusal.code == code


@pytest.mark.parametrize("arguments", [["--because", "good"], ["--withdraw"], ["0000"], ["0000", "--because", "good", "--withdraw"]])
def test_half_an_order_is_a_usage_error(house: House, arguments: list[str]) -> None:
    told(house, *arguments, status=2)


def test_words_with_control_characters_are_refused(house: House) -> None:
    finding = house.questions.explain(USCC, "zh")["findings"][0]["id"]
    refusal = error(house, "--as", USCC, finding, "--because", "\x1b[2J")
    assert isinstance(refusal, EcidError)
    assert refusal.code == "bad_input"
