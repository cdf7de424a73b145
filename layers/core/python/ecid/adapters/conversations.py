"""Conversations with the assistant on DynamoDB (`ecid.ports.ConversationStore`): AWS, the embedded engine and moto alike.

The table has the keys `conversation` and `part`. Under a conversation's id lie the conversation itself (part `#`) and its turns (`turn#<message>`), each with
its `body` and `expires_at` (seconds since 1970; the table's time to live takes it away some day, `get` at once). While a turn is answered the conversation has
`token` and `lease` of the run that does. `closed#<hash of person and enterprise>` says up to when conversations of a grant are closed: one write, which no
conversation being opened can slip past.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from ecid.adapters.dynamodb import EXPIRY, asking, packed, pauses, unpacked
from ecid.assistant.conversation import Conversation, Turn
from ecid.errors import SourceUnavailable
from ecid.settings import Settings

if TYPE_CHECKING:
    from types_boto3_dynamodb.client import DynamoDBClient
    from types_boto3_dynamodb.type_defs import AttributeValueTypeDef, TransactWriteItemTypeDef

_HEAD, _TURN, _CLOSED = "#", "turn#", "closed#"
_DAY = 86_400
_MARKED = 31
"""Days that a closing is remembered beyond what conversations last by the settings, which may have been longer before."""
_CONVERSATION: TypeAdapter[Conversation] = TypeAdapter(Conversation)
_TURNS: TypeAdapter[Turn] = TypeAdapter(Turn)


@dataclass(frozen=True, slots=True)
class DynamoConversations:
    """`ecid.ports.ConversationStore`. Safe to use from several threads; whatever the store cannot answer is SourceUnavailable."""

    client: DynamoDBClient
    settings: Settings
    clock: Callable[[], float] = time.time
    """Seconds since 1970, by which conversations expire and leases end."""

    def open(self, conversation: Conversation) -> None:
        """See the port."""
        with asking():
            self.client.put_item(TableName=self.settings.conversations_table, Item=_head(conversation))

    def get(self, name: str) -> Conversation | None:
        """See the port."""
        item = self._item(name, _HEAD)
        if item is None or float(item[EXPIRY]["N"]) <= self.clock():
            return None
        found = _CONVERSATION.validate_python(unpacked(item["body"]))
        closing = self._item(_closing(found.caller.person, found.caller.enterprise), _HEAD)
        return None if closing and found.opened_at.timestamp() <= float(closing["up_to"]["N"]) else found

    def turn(self, name: str, message: str) -> Turn | None:
        """See the port."""
        item = self._item(name, f"{_TURN}{message}")
        return _TURNS.validate_python(unpacked(item["body"])) if item else None

    def begin(self, name: str, turn: Turn) -> bool:
        """See the port."""
        now, lease, token = (self._number(self.clock()), self._number(turn.lease.timestamp()), {"S": turn.token})
        hold: TransactWriteItemTypeDef = {
            "Update": {
                "TableName": self.settings.conversations_table,
                "Key": _key(name, _HEAD),
                "UpdateExpression": "SET lease = :lease, #token = :token",
                "ConditionExpression": "attribute_exists(part) AND (attribute_not_exists(lease) OR lease <= :now)",
                "ExpressionAttributeNames": {"#token": "token"},
                "ExpressionAttributeValues": {":lease": lease, ":token": token, ":now": now},
            }
        }
        fresh = "attribute_not_exists(part) OR (done = :no AND lease <= :now)"
        return self._both(name, turn, hold, self._put(name, turn, fresh, {":no": {"BOOL": False}, ":now": now}))

    def finish(self, conversation: Conversation, turn: Turn) -> bool:
        """See the port."""
        token: AttributeValueTypeDef = {"S": turn.token}
        let_go: TransactWriteItemTypeDef = {
            "Put": {
                "TableName": self.settings.conversations_table,
                "Item": _head(conversation),
                "ConditionExpression": "#token = :token",
                "ExpressionAttributeNames": {"#token": "token"},
                "ExpressionAttributeValues": {":token": token},
            }
        }
        own = self._put(conversation.id, turn, "#token = :token AND done = :no", {":no": {"BOOL": False}, ":token": token})
        return self._both(conversation.id, turn, let_go, own)

    def close(self, person: str, enterprise: str | None) -> None:
        """See the port."""
        now = self.clock()
        gone = int(now) + (self.settings.conversation_days + _MARKED) * _DAY
        item: dict[str, AttributeValueTypeDef] = {**_key(_closing(person, enterprise), _HEAD), "up_to": self._number(now), EXPIRY: {"N": str(gone)}}
        with asking():
            self.client.put_item(TableName=self.settings.conversations_table, Item=item)

    def _item(self, name: str, part: str) -> Mapping[str, Any] | None:
        with asking():
            return self.client.get_item(TableName=self.settings.conversations_table, Key=_key(name, part), ConsistentRead=True).get("Item")

    def _put(self, name: str, turn: Turn, condition: str, values: Mapping[str, AttributeValueTypeDef]) -> TransactWriteItemTypeDef:
        told = _TURNS.dump_python(replace(turn, events=tuple(replace(event, data=event.sent) for event in turn.events)), mode="json")
        gone = int(turn.lease.timestamp()) + self.settings.conversation_days * _DAY
        item: dict[str, AttributeValueTypeDef] = {
            **_key(name, f"{_TURN}{turn.message}"),
            "body": _body(told),
            "token": {"S": turn.token},
            "lease": self._number(turn.lease.timestamp()),
            "done": {"BOOL": turn.done},
            EXPIRY: {"N": str(gone)},
        }
        names = {"ExpressionAttributeNames": {"#token": "token"}} if "#token" in condition else {}
        return {
            "Put": {
                "TableName": self.settings.conversations_table,
                "Item": item,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
                **names,  # type: ignore[typeddict-item]
            }
        }

    def _both(self, name: str, turn: Turn, *writes: TransactWriteItemTypeDef) -> bool:
        """Write conversation and turn in one transaction. Where its answer was lost and the client repeated it, the turn tells that it was this very one."""
        with asking():
            for pause in pauses():
                try:
                    self.client.transact_write_items(TransactItems=writes)
                except self.client.exceptions.TransactionCanceledException as error:
                    if any(reason.get("Code") == "ConditionalCheckFailed" for reason in error.response["CancellationReasons"]):
                        stored = self.turn(name, turn.message)
                        return stored is not None and (stored.token, stored.done) == (turn.token, turn.done)
                    time.sleep(pause)  # another writer was at the same items
                else:
                    return True
        raise SourceUnavailable

    @staticmethod
    def _number(moment: float) -> AttributeValueTypeDef:
        return {"N": f"{moment:.6f}"}


def _head(conversation: Conversation) -> dict[str, AttributeValueTypeDef]:
    body = _body(_CONVERSATION.dump_python(conversation, mode="json"))
    return {**_key(conversation.id, _HEAD), "body": body, EXPIRY: {"N": f"{conversation.expires_at.timestamp():.6f}"}}


def _body(shape: Mapping[str, Any]) -> AttributeValueTypeDef:
    return packed(json.dumps(shape, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def _key(name: str, part: str) -> dict[str, AttributeValueTypeDef]:
    return {"conversation": {"S": name}, "part": {"S": part}}


def _closing(person: str, enterprise: str | None) -> str:
    return _CLOSED + hashlib.sha256(json.dumps([person, enterprise]).encode()).hexdigest()
