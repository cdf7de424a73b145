"""The platform on this machine: one engine a home, shared by commands, outliving nothing that crashed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ecid.adapters.dynamodb import DynamoFactStore
from ecid.adapters.embedded_engine import find_engine
from ecid.bootstrap import LocalPlatform, Platform, feed_samples
from ecid.settings import Settings
from tests.adapters.engines import CHECKOUT

pytestmark = pytest.mark.skipif(find_engine([CHECKOUT]) is None, reason="the embedded engine is not installed (npm ci)")


def local(home: Path) -> LocalPlatform:
    return LocalPlatform(Settings(home=home))


def endpoint(platform: Platform) -> str:
    assert isinstance(platform.store, DynamoFactStore)
    return str(platform.store.client.meta.endpoint_url)


def test_a_second_command_uses_the_engine_that_runs(tmp_path: Path) -> None:
    first, second = local(tmp_path), local(tmp_path)
    assert endpoint(first) == endpoint(second)
    second.close()
    assert endpoint(local(tmp_path)) == endpoint(first)
    first.close()
    assert not (tmp_path / "engine.json").exists()


@pytest.mark.parametrize("left", ['{"endpoint": "http://127.0.0.1:9"}', '{"endpoint": "http://192.0.2.1:80"}', "{", "[]", '"x"'])
def test_what_a_crash_left_behind_is_no_engine(left: str, tmp_path: Path) -> None:
    (tmp_path / "engine.json").write_text(left)
    platform = local(tmp_path)
    assert endpoint(platform) == json.loads((tmp_path / "engine.json").read_text())["endpoint"]
    assert endpoint(platform).startswith("http://127.0.0.1:")
    platform.close()


def test_samples_are_still_there_after_a_restart(tmp_path: Path) -> None:
    platform = local(tmp_path)
    assert feed_samples(platform) == ["brightcell.example", "harborlight.example", "newleaf.example"]
    score = platform.verification().verify("harborlight.example").score
    platform.close()
    again = local(tmp_path)
    found = again.verification().verify("harborlight.example")
    assert found.score == score
    assert found.score.value is not None
    assert found.score.value.score == 82
    again.close()


def test_a_bad_message_is_handed_back_alone(tmp_path: Path) -> None:
    platform = local(tmp_path)
    records = [{"messageId": "a", "body": "{"}, {"messageId": "b", "body": "{}"}, {"messageId": "c", "body": '{"enterprise": "91330282MA2H7K4W68"}'}]
    assert platform.score_messages({"Records": records}) == {"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "b"}]}
    platform.close()
