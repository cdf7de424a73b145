"""The fact store on DynamoDB: AWS, the embedded engine and moto speak the same protocol and pass the same contract suite.

Tables (all keys are strings): `events` by `id`; `facts` by `subject` and `name`; `records` by `domain`; `conversations` by `conversation` and `part`
(`ecid.adapters.conversations`). A subject's revision counter is the item
`#revision` beside its facts, the sources' state the item `#sources` beside the records, and the domains that share a look-alike key the item
`lookalike#<key>`: no fact has a `#` at its start, no domain has one anywhere. Facts that expire carry `expires_at` (seconds since 1970), by which
the table's time to live takes them away some day; until then `facts` leaves them out.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
import uuid
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, IncompleteReadError

from ecid.errors import EventConflict, SourceUnavailable
from ecid.feed.facts import Fact
from ecid.ports import FactSet, StoredRecord
from ecid.settings import Settings

if TYPE_CHECKING:
    from botocore.awsrequest import AWSResponse
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

_REVISION = "#revision"
EXPIRY = "expires_at"
_SOURCES = "#sources"
_LOOKALIKE = "lookalike#"
_MOST_KEYS = 100
_ATTEMPTS = 10
_LONGEST_PAUSE = 0.5
_PACK_ABOVE = 32 * 1024
"""Records of enterprises with thousands of anomaly records would not fit into one item (400 KB) as plain text."""

KEYS: Mapping[str, tuple[str, ...]] = {"events": ("id",), "facts": ("subject", "name"), "records": ("domain",), "conversations": ("conversation", "part")}
"""Partition key and, if there is one, sort key of each table."""
EXPIRING = frozenset({"facts", "conversations"})
"""The tables with a time to live."""


def dynamodb_client(settings: Settings) -> DynamoDBClient:
    """A client with short time limits and bounded retries. A local engine asks for no credentials of AWS and gets none."""
    config = Config(connect_timeout=1, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=64)
    client: DynamoDBClient
    if settings.dynamodb_endpoint:
        client = boto3.client(
            "dynamodb",
            config=config,
            endpoint_url=settings.dynamodb_endpoint,
            region_name="us-east-1",  # any will do, but moto accepts existing ones only
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106 – the embedded engine checks none
        )
    else:
        client = boto3.client("dynamodb", config=config)
    client.meta.events.register("after-call.dynamodb", _require_whole)
    return client


def _require_whole(http_response: AWSResponse, **_: object) -> None:
    """An answer that broke off is asked for again by its checksum. Where that did not help, botocore would hand it on as an empty one, "nothing found"."""
    promised = int(http_response.headers.get("Content-Length", len(http_response.content)))
    if promised != len(http_response.content):
        raise IncompleteReadError(actual_bytes=len(http_response.content), expected_bytes=promised)


def create_tables(client: DynamoDBClient, settings: Settings) -> None:
    """Create the tables that are missing, with keys and time to live as in `template.yaml`. For local engines; AWS has its tables from the template."""
    existing = {name for page in client.get_paginator("list_tables").paginate() for name in page["TableNames"]}
    for table, keys in KEYS.items():
        name = getattr(settings, f"{table}_table")
        if name in existing:
            continue
        with suppress(client.exceptions.ResourceInUseException):  # another process was faster
            client.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": key, "KeyType": "RANGE" if place else "HASH"} for place, key in enumerate(keys)],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
                BillingMode="PAY_PER_REQUEST",
            )
            if table in EXPIRING:
                client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY})


@dataclass(frozen=True, slots=True)
class DynamoFactStore:
    """`ecid.ports.FactStore`. Safe to use from several threads; whatever the store cannot answer is SourceUnavailable."""

    client: DynamoDBClient
    settings: Settings
    clock: Callable[[], float] = time.time
    """Seconds since 1970, by which facts expire."""

    def append(self, event_id: str, body: str, enterprise: str | None, facts: Sequence[Fact]) -> bool:
        """See the port. A fact that is older than the stored one is left out, the event is stored all the same.

        Where the answer to a write was lost, the client repeats it and is told that the event is there: `written_by` tells whether by this very call.
        """
        digest, written_by = hashlib.sha256(body.encode()).hexdigest(), uuid.uuid4().hex
        item: dict[str, AttributeValueTypeDef] = {"id": {"S": event_id}, "body": {"S": body}, "sha256": {"S": digest}, "written_by": {"S": written_by}}
        if enterprise is not None:
            item["enterprise"] = {"S": enterprise}
        event: TransactWriteItemTypeDef = {"Put": {"TableName": self.settings.events_table, "Item": item, "ConditionExpression": "attribute_not_exists(id)"}}
        with asking():
            if self._write_newer(event, facts):
                return True
            key, wanted = {"id": {"S": event_id}}, "sha256, written_by"
            stored = self.client.get_item(TableName=self.settings.events_table, Key=key, ConsistentRead=True, ProjectionExpression=wanted)["Item"]
        if stored["sha256"]["S"] != digest:
            raise EventConflict(id=event_id)
        return "written_by" in stored and stored["written_by"]["S"] == written_by

    def facts(self, subject: str) -> FactSet:
        """See the port. The revision is read before the facts, so what is made of them is never stored as newer than it is."""
        with asking():
            counter = self.client.get_item(TableName=self.settings.facts_table, Key=_fact_key(subject, _REVISION), ConsistentRead=True)
            pages = self.client.get_paginator("query").paginate(
                TableName=self.settings.facts_table,
                KeyConditionExpression="subject = :subject",
                ExpressionAttributeValues={":subject": {"S": subject}},
                ConsistentRead=True,
            )
            items = [item for page in pages for item in page["Items"] if item["name"]["S"] != _REVISION]
        revision = int(counter["Item"]["revision"]["N"]) if "Item" in counter else 0
        facts, now = (_fact(subject, item) for item in items), self.clock()
        return FactSet(revision, tuple(fact for fact in facts if fact.expires_at is None or fact.expires_at > now))

    def put_fact(self, fact: Fact) -> None:
        """See the port."""
        with asking():
            self._write_newer(None, [fact])

    def put_record(self, domain: str, record: Mapping[str, Any], revision: int) -> bool:
        """See the port. A record of the same revision is replaced: it was made from facts at least as new."""
        item: dict[str, AttributeValueTypeDef] = {
            "domain": {"S": domain},
            "revision": {"N": str(revision)},
            "body": packed(_compact(record)),
        }
        with asking():
            try:
                self.client.put_item(
                    TableName=self.settings.records_table,
                    Item=item,
                    ConditionExpression="attribute_not_exists(#domain) OR revision <= :revision",
                    ExpressionAttributeNames={"#domain": "domain"},
                    ExpressionAttributeValues={":revision": item["revision"]},
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def get_record(self, domain: str) -> StoredRecord:
        """See the port. Eventually consistent: a record may be a second late, never half."""
        found = self._records([domain, _SOURCES])
        synced = {name: value["S"] for name, value in found.get(_SOURCES, {}).items() if name != "domain"}
        return StoredRecord(unpacked(found[domain]["body"]) if domain in found else None, synced)

    def put_lookalikes(self, domain: str, keys: Collection[str]) -> None:
        """See the port. One item a key holds the set of its domains; adding to a set commutes and can be repeated."""
        with asking():
            for key in sorted(keys):
                self.client.update_item(
                    TableName=self.settings.records_table,
                    Key={"domain": {"S": f"{_LOOKALIKE}{key}"}},
                    UpdateExpression="ADD domains :domain",
                    ExpressionAttributeValues={":domain": {"SS": [domain]}},
                )

    def get_lookalikes(self, keys: Collection[str]) -> frozenset[str]:
        """See the port."""
        names = [f"{_LOOKALIKE}{key}" for key in sorted(keys)]
        rows = [self._records(names[start : start + _MOST_KEYS]) for start in range(0, len(names), _MOST_KEYS)]
        return frozenset(domain for found in rows for item in found.values() for domain in item["domains"]["SS"])

    def mark_synced(self, source: str, at: str) -> None:
        """See the port."""
        with asking():
            try:
                self.client.update_item(
                    TableName=self.settings.records_table,
                    Key={"domain": {"S": _SOURCES}},
                    UpdateExpression="SET #source = :at",
                    ConditionExpression="attribute_not_exists(#source) OR #source < :at",
                    ExpressionAttributeNames={"#source": source},
                    ExpressionAttributeValues={":at": {"S": at}},
                )
            except self.client.exceptions.ConditionalCheckFailedException:
                return

    def _records(self, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """The items of the records table under `keys` (at most 100), by key; what is missing is left out. Eventually consistent."""
        wanted: Any = {self.settings.records_table: {"Keys": [{"domain": {"S": key}} for key in keys]}}
        found: dict[str, Mapping[str, Any]] = {}
        with asking():
            for pause in pauses():
                answer = self.client.batch_get_item(RequestItems=wanted)
                found |= {item["domain"]["S"]: item for page in answer["Responses"].values() for item in page}
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    return found
                time.sleep(pause)
        raise SourceUnavailable

    def _write_newer(self, event: TransactWriteItemTypeDef | None, facts: Sequence[Fact]) -> bool:
        """Write `event` and those facts that are newer than the stored ones in one transaction; False when the event is there already."""
        first = [] if event is None else [event]
        newer = list(facts)
        for pause in pauses():
            if not first and not newer:
                return True
            subjects = sorted({fact.subject for fact in newer})
            writes = first + [self._put(fact) for fact in newer] + [self._count(subject) for subject in subjects]
            try:
                self.client.transact_write_items(TransactItems=writes)
            except self.client.exceptions.TransactionCanceledException as error:
                failed = [reason.get("Code") == "ConditionalCheckFailed" for reason in error.response["CancellationReasons"]]
                if first and failed[0]:
                    return False
                if any(failed):
                    newer = [fact for fact, old in zip(newer, failed[len(first) :], strict=False) if not old]
                else:  # another writer was at the same items
                    time.sleep(pause)
            else:
                return True
        raise SourceUnavailable

    def _put(self, fact: Fact) -> TransactWriteItemTypeDef:
        stamp: AttributeValueTypeDef = {"S": fact.stamp}
        item: dict[str, AttributeValueTypeDef] = {**_fact_key(fact.subject, fact.name), "stamp": stamp, "body": {"S": _compact(fact.body)}}
        if fact.expires_at is not None:
            item[EXPIRY] = {"N": str(fact.expires_at)}
        return {
            "Put": {
                "TableName": self.settings.facts_table,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(subject) OR stamp < :stamp",
                "ExpressionAttributeValues": {":stamp": stamp},
            }
        }

    def _count(self, subject: str) -> TransactWriteItemTypeDef:
        return {
            "Update": {
                "TableName": self.settings.facts_table,
                "Key": _fact_key(subject, _REVISION),
                "UpdateExpression": "ADD revision :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
        }


def _fact_key(subject: str, name: str) -> dict[str, AttributeValueTypeDef]:
    return {"subject": {"S": subject}, "name": {"S": name}}


def _fact(subject: str, item: Mapping[str, Any]) -> Fact:
    expires_at = int(item[EXPIRY]["N"]) if EXPIRY in item else None
    return Fact(subject, item["name"]["S"], item["stamp"]["S"], json.loads(item["body"]["S"]), expires_at)


@contextmanager
def asking() -> Iterator[None]:
    """Around requests: the store refused or could not be reached. The cause is chained; it names operation and code, never an item."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise SourceUnavailable from error


def pauses() -> Iterator[float]:
    """How long to wait before each further attempt: full jitter, doubling."""
    return (random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)) for attempt in range(_ATTEMPTS))  # noqa: S311 – no secret


def _compact(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def packed(text: str) -> AttributeValueTypeDef:
    """A text as an attribute, compressed where it is long."""
    data = text.encode()
    return {"S": text} if len(data) <= _PACK_ABOVE else {"B": zlib.compress(data)}


def unpacked(value: Mapping[str, Any]) -> Any:
    """The JSON of an attribute that `packed` wrote."""
    return json.loads(value["S"] if "S" in value else zlib.decompress(value["B"]))
