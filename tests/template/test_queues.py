"""Nothing is lost between the functions: batches, retries, dead letters, the daily run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ecid import bootstrap
from ecid.adapters.local_gateway import load_module
from ecid.bootstrap import Platform
from ecid.settings import Settings
from tests.translated_template import ROOT, of_type, resources

BOUNDS: dict[str, Any] = tomllib.loads((Path(__file__).parent / "bounds.toml").read_text("utf-8"))
DAY = 24 * 3600


def arn(name: str) -> dict[str, list[str]]:
    return {"Fn::GetAtt": [name, "Arn"]}


def dead_letters() -> set[str]:
    """The queues on which nothing works: those that others hand their failures to."""
    return of_type("AWS::SQS::Queue").keys() - {queue["source"] for queue in BOUNDS["queue"]}


def mapping_of(queue: str) -> dict[str, Any]:
    (found,) = [mapping for mapping in of_type("AWS::Lambda::EventSourceMapping").values() if mapping["EventSourceArn"] == arn(queue)]
    return found


def test_every_event_source_is_reviewed() -> None:
    mappings = of_type("AWS::Lambda::EventSourceMapping").values()
    read = [(mapping["EventSourceArn"]["Fn::GetAtt"][0], mapping["FunctionName"]["Ref"]) for mapping in mappings]
    assert sorted(read) == sorted((queue["source"], queue["function"]) for queue in BOUNDS["queue"])


@pytest.mark.parametrize("bound", BOUNDS["queue"], ids=lambda bound: bound["source"])
def test_of_a_batch_only_what_failed_comes_again(bound: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for in the template and answered by the handler: with one and not the other, failed messages are lost, or whole batches repeated."""
    mapping = mapping_of(bound["source"])
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping.get("Enabled", True) is True
    assert "FilterCriteria" not in mapping, "what is filtered out is deleted unseen"
    monkeypatch.setenv("POWERTOOLS_LOG_LEVEL", "INFO")
    platform = Platform(Settings(dynamodb_endpoint="http://127.0.0.1:9", score_queue=""))
    monkeypatch.setattr(bootstrap, "ingest", platform.ingest)
    monkeypatch.setattr(bootstrap, "score_messages", lambda: platform.score_messages)
    folder = {"IngestEvents": "functions/ingest_events", "ScoreEnterprise": "functions/score_enterprise"}[bound["function"]]
    answer = load_module(ROOT, folder).handler({"Records": [{"messageId": "m-1", "body": "{"}]}, None)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}


@pytest.mark.parametrize("bound", BOUNDS["queue"], ids=lambda bound: bound["source"])
def test_batches_stay_within_their_bounds(bound: Mapping[str, Any]) -> None:
    mapping, queue = mapping_of(bound["source"]), of_type("AWS::SQS::Queue")[bound["source"]]
    assert bound["batch"][0] <= mapping["BatchSize"] <= bound["batch"][1], bound["why_batch"]
    assert bound["concurrency"][0] <= mapping["ScalingConfig"]["MaximumConcurrency"] <= bound["concurrency"][1], bound["why_concurrency"]
    assert bound["window_s"][0] <= mapping.get("MaximumBatchingWindowInSeconds", 0) <= bound["window_s"][1], bound["why_window"]
    assert bound["delay_s"][0] <= queue.get("DelaySeconds", 0) <= bound["delay_s"][1], bound["why_delay"]


@pytest.mark.parametrize("bound", BOUNDS["queue"], ids=lambda bound: bound["source"])
def test_a_message_is_not_delivered_again_while_it_is_worked_on(bound: Mapping[str, Any]) -> None:
    """Six times the time limit and the batching window, as the developer guide of Lambda has it; at most the twelve hours of SQS, and no day lost."""
    mapping, queue = mapping_of(bound["source"]), of_type("AWS::SQS::Queue")[bound["source"]]
    least = 6 * resources()[bound["function"]]["Properties"]["Timeout"] + mapping.get("MaximumBatchingWindowInSeconds", 0)
    assert least <= queue["VisibilityTimeout"] <= DAY // 2
    again = queue["VisibilityTimeout"] * queue["RedrivePolicy"]["maxReceiveCount"]
    assert again < DAY, "a message that fails is among the dead letters before the day is over"


def test_every_queue_has_dead_letters_of_its_own() -> None:
    queues = of_type("AWS::SQS::Queue")
    targets: dict[str, str] = {}
    for bound in BOUNDS["queue"]:
        policy = queues[bound["source"]]["RedrivePolicy"]
        least, most = BOUNDS["retries"]["deliveries"]
        assert least <= policy["maxReceiveCount"] <= most, BOUNDS["retries"]["why_deliveries"]
        targets[bound["source"]] = policy["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert targets == {source: f"{source.removesuffix('Queue')}DeadLetters" for source in targets}
    assert set(targets.values()) | {"DailyDeadLetters"} == dead_letters()
    assert not [name for name in dead_letters() if "RedrivePolicy" in queues[name]]


def test_a_message_is_kept_as_long_as_can_be_and_its_dead_letter_no_shorter() -> None:
    """The retention of a dead letter is counted from when it was first sent (SQS, standard queues)."""
    queues = of_type("AWS::SQS::Queue")
    for name, queue in queues.items():
        assert queue["SqsManagedSseEnabled"] is True, name
        assert queue["MessageRetentionPeriod"] == 14 * DAY, name
        if "RedrivePolicy" in queue:
            dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
            assert queues[dead]["MessageRetentionPeriod"] >= queue["MessageRetentionPeriod"], name


def test_every_enterprise_is_scored_again_as_soon_as_the_day_is_new_in_beijing() -> None:
    (schedule,) = of_type("AWS::Scheduler::Schedule").values()
    assert schedule["ScheduleExpressionTimezone"] == "Asia/Shanghai"
    minute, hour, *days = schedule["ScheduleExpression"].removeprefix("cron(").removesuffix(")").split()
    assert set(days) == {"*", "?"}, "every day of every month and year"
    assert (int(hour), 0 < int(minute) < 60) == (0, True), "after midnight, when the three-year window has moved, and within the first hour"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule.get("State", "ENABLED") == "ENABLED"
    assert schedule["Target"]["Arn"] == arn("ScoreEnterprise")
    assert "Input" not in schedule["Target"], "what Scheduler sends by itself has no records, and is no batch"


def test_a_daily_run_that_is_not_started_or_fails_is_tried_again_then_known() -> None:
    (schedule,) = of_type("AWS::Scheduler::Schedule").values()
    target, bounds = schedule["Target"], BOUNDS["retries"]
    assert bounds["schedule_attempts"][0] <= target["RetryPolicy"]["MaximumRetryAttempts"] <= bounds["schedule_attempts"][1], bounds["why_schedule_attempts"]
    assert bounds["schedule_age_s"][0] <= target["RetryPolicy"]["MaximumEventAgeInSeconds"] <= bounds["schedule_age_s"][1], bounds["why_schedule_age"]
    assert target["DeadLetterConfig"]["Arn"] == arn("DailyDeadLetters")
    (invoked,) = of_type("AWS::Lambda::EventInvokeConfig").values()
    assert (invoked["FunctionName"], invoked["Qualifier"]) == ({"Ref": "ScoreEnterprise"}, "$LATEST")
    assert bounds["run_attempts"][0] <= invoked["MaximumRetryAttempts"] <= bounds["run_attempts"][1], bounds["why_run_attempts"]
    assert invoked["DestinationConfig"]["OnFailure"]["Destination"] == arn("DailyDeadLetters")
