"""`ecid token`: for whom a token is, how long, and who can make one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ecid.assistant.caller import Caller
from ecid.bootstrap import LocalPlatform
from ecid.cli.callers import PERSON
from ecid.cli.token import token_command
from ecid.errors import BadInput
from ecid.settings import Settings

HARBORLIGHT = "914403005867203466"


def run(platform: LocalPlatform, *arguments: str) -> Result:
    return CliRunner(env={"LANG": "C.UTF-8", "LC_ALL": ""}).invoke(token_command, arguments, obj=platform)


@pytest.mark.parametrize(
    ("arguments", "caller"),
    [
        (("--as", "harborlight.example"), Caller.supplier(PERSON, HARBORLIGHT)),
        (("--as", HARBORLIGHT, "--person", "a"), Caller.supplier("a", HARBORLIGHT)),
        (("--buyer",), Caller.buyer(PERSON)),
        (("--consultant", HARBORLIGHT), Caller.consultant(PERSON, HARBORLIGHT, ["ledger"])),
        (("--consultant", HARBORLIGHT, "--scope", "rulings", "--scope", "ledger", "--person", "c"), Caller.consultant("c", HARBORLIGHT, ["ledger", "rulings"])),
    ],
)
def test_a_token_says_who_asks(machine: LocalPlatform, arguments: tuple[str, ...], caller: Caller) -> None:
    done = run(machine, *arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    assert machine.callers.caller(done.stdout.strip()) == caller


@pytest.mark.parametrize(
    "arguments", [("--buyer", "--as", HARBORLIGHT), ("--as", HARBORLIGHT, "--consultant", HARBORLIGHT), ("--minutes", "0"), ("--minutes", "1441")]
)
def test_what_does_not_go_together_is_refused(machine: LocalPlatform, arguments: tuple[str, ...]) -> None:
    done = run(machine, *arguments)
    assert (done.exit_code, done.stdout) == (2, "")


def test_an_enterprise_that_nobody_knows_has_no_token(machine: LocalPlatform) -> None:
    done = run(machine, "--as", "nobody.example")
    assert isinstance(done.exception, BadInput)
    assert done.stdout == ""


def test_who_relies_on_an_issuer_makes_none(tmp_path: Path) -> None:
    done = run(LocalPlatform(Settings(home=tmp_path, issuer_keys="https://issuer.example/keys")), "--buyer")
    assert isinstance(done.exception, BadInput)
    assert not (tmp_path / "keys").exists()
