"""Each alarm fires in the right direction, on the right thing, early enough, and tells somebody what to do."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecid.adapters.local_gateway import _TemplateLoader
from ecid.verification.view import STALE_AFTER
from tests.translated_template import ROOT, evaluated, listed, of_type, resources

REVIEWED: dict[str, Any] = tomllib.loads((Path(__file__).parent / "alarms.toml").read_text("utf-8"))
AGES: dict[str, Any] = REVIEWED.pop("age")
OPERATORS = {"above": "GreaterThanThreshold", "below": "LessThanThreshold"}
TEMPLATE = yaml.load((ROOT / "template.yaml").read_text("utf-8"), Loader=_TemplateLoader)  # noqa: S506 - a SafeLoader
NAMES = [name for name, resource in TEMPLATE["Resources"].items() if resource["Type"] == "AWS::CloudWatch::Alarm"]


def watched(alarm: dict[str, Any]) -> str:
    """The logical id of what an alarm watches."""
    ((dimension),) = alarm["Dimensions"]
    value = dimension["Value"]
    if "Fn::GetAtt" in value:
        name, attribute = value["Fn::GetAtt"]
        assert attribute == dimension["Name"] == "QueueName"
        return str(name)
    return str(value["Ref"])


def by_metric(metric: str) -> dict[str, dict[str, Any]]:
    """The alarms of a metric, by what they watch; there is no second one."""
    found = [alarm for alarm in of_type("AWS::CloudWatch::Alarm").values() if alarm["MetricName"] == metric]
    alarms = {watched(alarm): alarm for alarm in found}
    assert len(alarms) == len(found)
    return alarms


def age_of(queue: str) -> dict[str, Any]:
    found: dict[str, Any] = AGES["DeadLetters" if queue.endswith("DeadLetters") else queue]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_looks_at_its_metric_as_was_reviewed(name: str) -> None:
    alarm = resources()[name]["Properties"]
    rule = REVIEWED[alarm["MetricName"]]
    assert (alarm["Namespace"], alarm["Dimensions"][0]["Name"]) == (rule["namespace"], rule["dimension"])
    assert ("Statistic" in alarm) != ("ExtendedStatistic" in alarm)
    assert alarm.get("Statistic", alarm.get("ExtendedStatistic")) in listed(rule["statistic"]), rule["why"]
    assert alarm["ComparisonOperator"] == OPERATORS[rule["fires"]], rule["why"]
    assert alarm["TreatMissingData"] == rule["missing"], rule["why"]
    least, most = rule["within_s"]
    assert least <= alarm["Period"] * alarm["EvaluationPeriods"] <= most, rule["why"]
    assert alarm["Period"] % 60 == 0
    assert alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) == alarm["EvaluationPeriods"]


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_fires_neither_too_early_nor_too_late(name: str) -> None:
    alarm = resources()[name]["Properties"]
    rule = REVIEWED[alarm["MetricName"]]
    if alarm["MetricName"] == "Duration":
        limit = 1000 * resources()[watched(alarm)]["Properties"]["Timeout"]
        least, most = 0.1 * limit, 0.8 * limit
    else:
        least, most = (age_of(watched(alarm)) if alarm["MetricName"] == "ApproximateAgeOfOldestMessage" else rule)["threshold"]
    assert least <= alarm["Threshold"] <= most, rule["why"]


@pytest.mark.parametrize("name", NAMES)
def test_an_alarm_tells_somebody_what_to_do_when_it_begins_and_when_it_ends(name: str) -> None:
    alarm = resources()[name]["Properties"]
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]
    assert alarm.get("ActionsEnabled", True) is True
    assert len(alarm["AlarmDescription"].split()) >= 4
    assert "Condition" not in resources()[name]


def test_alarms_reach_whoever_is_named() -> None:
    assert resources()["AlarmTopic"]["Properties"]["KmsMasterKeyId"] == {"Ref": "AlarmKey"}
    mail = resources()["AlarmMail"]
    told = {address: evaluated({"Fn::If": [mail["Condition"], True, False]}, {"AlarmEmail": address}) for address in ("", "ops@example.org")}
    assert told == {"": False, "ops@example.org": True}
    assert mail["Properties"] == {"TopicArn": {"Ref": "AlarmTopic"}, "Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}


def test_every_function_is_watched() -> None:
    functions = of_type("AWS::Lambda::Function").keys()
    assert by_metric("Errors").keys() == by_metric("Throttles").keys() == by_metric("Duration").keys() == functions


def test_every_queue_is_watched() -> None:
    queues = of_type("AWS::SQS::Queue")
    dead = {name for name in queues if name.endswith("DeadLetters")}
    assert by_metric("ApproximateNumberOfMessagesVisible").keys() == dead
    assert by_metric("ApproximateAgeOfOldestMessage").keys() == queues.keys()
    assert all(age_of(name)["threshold"][1] < queues[name]["MessageRetentionPeriod"] for name in dead)
    assert all(age_of(name)["threshold"][0] > queues[name]["VisibilityTimeout"] for name in queues.keys() - dead)


def test_the_senders_silence_is_noticed_when_the_sources_count_as_stale() -> None:
    silence = by_metric("NumberOfMessagesSent")
    assert silence.keys() == {"FeedQueue"}
    assert silence["FeedQueue"]["Period"] * silence["FeedQueue"]["EvaluationPeriods"] == STALE_AFTER.total_seconds()


def test_the_api_is_watched() -> None:
    assert [by_metric(metric).keys() for metric in ("5xx", "Latency")] == [{"HttpApi"}] * 2


def test_what_was_reviewed_is_watched_and_documented() -> None:
    assert {resources()[name]["Properties"]["MetricName"] for name in NAMES} == REVIEWED.keys()
    text = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    suffixes = set(REVIEWED) & {"Errors", "Throttles", "Duration"} | {"DeadLettersWaiting", "DeadLettersAge"}
    told = [name for name in NAMES if f"`{name}`" in text or any(name.endswith(suffix) and f"`…{suffix}`" in text for suffix in suffixes)]
    assert told == NAMES
