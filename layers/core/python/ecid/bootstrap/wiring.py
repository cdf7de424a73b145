"""Every use case bound to the adapters that the settings name, lazily, so that a function starts only what it uses."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from ecid.bootstrap.once import once
from ecid.errors import Language, UnreadableFile, told
from ecid.feed.facts import PLATFORM_SUBJECT, enterprises_of
from ecid.settings import Settings

if TYPE_CHECKING:
    from ecid.adapters.dynamodb import DynamoFactStore
    from ecid.adapters.tokens import TokenReader
    from ecid.assistant.caller import Caller
    from ecid.assistant.conversation import Event
    from ecid.knowledge.retrieval.index_files import Manifest
    from ecid.ports import ConversationStore, FactStore, ObjectStore, Queue
    from ecid.scoring.placement import Placement
    from ecid.scoring.reference import Reference
    from ecid.services.check_draft import Knowledge as DraftKnowledge
    from ecid.services.converse import Conversing
    from ecid.services.find_candidates import Candidates
    from ecid.services.ingest_events import Ingestion
    from ecid.services.misclassified_codes import MisclassifiedCodes
    from ecid.services.review_findings import Reviews
    from ecid.services.score_enterprise import Scoring
    from ecid.services.score_questions import ScoreQuestions
    from ecid.services.search_clauses import Clauses
    from ecid.services.verify_domain import Verification

_log = logging.getLogger(__name__)


class Platform:
    """Every use case bound to the adapters that the settings name. Nothing is started before it is asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._indexed = False
        self._named: dict[str, str] = {}

    def now(self) -> datetime:
        """The clock of the platform: aware, UTC."""
        return datetime.now(UTC)

    def today(self) -> date:
        """The civil date in Beijing."""
        return (self.now() + timedelta(hours=8)).date()

    @once
    def store(self) -> FactStore:
        """Events, facts and records."""
        from ecid.adapters.dynamodb import DynamoFactStore, dynamodb_client

        return DynamoFactStore(dynamodb_client(self.settings), self.settings)

    @once
    def conversations(self) -> ConversationStore:
        """Conversations with the assistant, beside the facts."""
        from ecid.adapters.conversations import DynamoConversations

        facts = cast("DynamoFactStore", self.store)
        return DynamoConversations(facts.client, facts.settings)

    @once
    def objects(self) -> ObjectStore:
        """Declarations and results."""
        from ecid.adapters.object_store import FolderStore, S3Store, s3_client

        if self.settings.objects:
            return S3Store(s3_client(), self.settings.objects)
        return FolderStore(self.settings.home / "objects")

    @once
    def scores(self) -> Queue:
        """Requests for score runs: SQS, or a worker thread of this process."""
        from ecid.adapters.queue import InProcessQueue, SqsQueue, sqs_client

        if self.settings.score_queue:
            return SqsQueue(sqs_client(), self.settings.score_queue)
        return InProcessQueue(self.score_messages)

    @once
    def callers(self) -> TokenReader:
        """Who asks, by the access token shown. Where the settings name no keys, nobody is let in."""
        from ecid.adapters.signing_keys import Published, nobodys
        from ecid.adapters.tokens import TokenReader

        settings = self.settings
        keys = Published(settings.issuer_keys, time.monotonic) if settings.issuer_keys else nobodys
        return TokenReader(settings.issuer, settings.audience, keys, lambda: self.now().timestamp())

    @once
    def published(self) -> Reference:
        """The tariff as loaded from the pack and from what was imported, exchange rates, and what is published for everybody. Raises UnreadableFile."""
        from ecid.adapters.knowledge_files import load_reference

        return load_reference([self.settings.pack_dir, self.settings.home / "knowledge"])

    @cache  # noqa: B019 - one platform lives as long as its process
    def reference(self) -> Reference:
        """All that the score rests on: what is `published`, and what is known of goods. Raises UnreadableFile."""
        return replace(self.published, placement=self.placement())

    def placement(self) -> Placement | None:
        """What is known of goods, in the index that `make_index` made. Raises UnreadableFile: without two of its dimensions a score is another score."""
        from ecid.adapters.candidate_index import open_knowledge

        return open_knowledge(self.settings)

    @once
    def clauses(self) -> Clauses:
        """Clause search, in the index that `make_index` made."""
        from ecid.adapters.clause_index import open_clauses

        return open_clauses(self.settings, self.now)

    @once
    def candidates(self) -> Candidates:
        """Candidate headings, in the index that `make_index` made."""
        from ecid.adapters.candidate_index import open_candidates

        return open_candidates(self.settings, self.now)

    def draft_knowledge(self, day: date) -> DraftKnowledge:
        """What a draft is held against that is declared on `day`; without candidates where there is no index of them. Raises UnreadableFile."""
        from ecid.services.check_draft import Knowledge

        try:
            found = self.candidates
        except UnreadableFile:
            return Knowledge(self.reference())
        return Knowledge(self.reference(), lambda text: found.find(text, as_of=day))

    def has_index(self) -> bool:
        """Whether there is an index, of the very same as what is loaded. It takes a tenth of a second."""
        from ecid.adapters.index_sources import is_noted

        self._indexed = self._indexed or is_noted(self.settings)
        return self._indexed

    def make_index(self) -> Manifest:
        """Make the search index from everything that is loaded, unless there is one of the very same."""
        from ecid.adapters.index_making import make_index

        manifest = make_index(self.settings)
        self._indexed = True
        return manifest

    def verification(self) -> Verification:
        """The use case behind page, record and batch."""
        from ecid.services.verify_domain import Verification

        return Verification(self.store, self.now, self.settings)

    def ingest(self) -> Ingestion:
        """The use case behind the feed."""
        from ecid.services.ingest_events import Ingestion
        from ecid.verification.record import build_record

        return Ingestion(self.store, self.objects, self.scores, build_record, self.now, self.settings.reserved_suffixes)

    def scoring(self) -> Scoring:
        """The use case behind the score run."""
        from ecid.scoring.policy import load_policy
        from ecid.services.score_enterprise import Scoring
        from ecid.verification.record import build_record

        return Scoring(self.store, self.objects, self.reference, load_policy(), self.now, build_record)

    def questions(self) -> ScoreQuestions:
        """The use case behind what an enterprise asks of its results."""
        from ecid.services.score_questions import ScoreQuestions

        return ScoreQuestions(self.store, self.objects)

    def reviews(self) -> Reviews:
        """The use case behind the owner's marks on findings."""
        from ecid.services.review_findings import Reviews

        return Reviews(self.store)

    def misclassified_codes(self) -> MisclassifiedCodes:
        """The use case behind the quarterly list."""
        from ecid.scoring.policy import load_policy
        from ecid.services.misclassified_codes import MisclassifiedCodes

        return MisclassifiedCodes(self.store, self.objects, self.reference, load_policy(), self.now)

    def conversing(self) -> Conversing:
        """The use case behind the assistant: one in a process, for it remembers which language model is to be left alone."""
        return self._conversing

    @once
    def _conversing(self) -> Conversing:
        from ecid.bootstrap.assistant import conversing

        return conversing(self, self.conversations, self.settings)

    def converse(self, caller: Caller, conversation: str, question: str, lang: Language, domain: str | None = None) -> Iterator[Event]:
        """One turn of a conversation that goes by a name of one's own in this process, and is opened, looking at `domain`, when the name is new to it."""
        if conversation not in self._named:
            self._named[conversation] = self.conversing().open(caller, lang, domain).id
        return self.conversing().ask(caller, self._named[conversation], question, lang)

    def score_messages(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Score the enterprises that an SQS event names, each once; messages that failed come back as batch item failures.

        An event of the daily schedule asks for every enterprise, through the same queue, and for what the list of the last quarter lacks.
        """
        if "Records" not in event:  # the daily schedule: the three-year window moved for everybody
            for uscc in enterprises_of(self.store.facts(PLATFORM_SUBJECT).facts):
                self.scores.send({"enterprise": uscc})
            for summary in self.misclassified_codes().due():
                self.scores.send(summary)
            return {}
        failures: list[dict[str, str]] = []
        done: set[tuple[str, str]] = set()
        for record in event["Records"]:
            try:
                message = json.loads(record["body"])
                asked = str(message["enterprise"]), str(message.get("quarter_end", ""))
                if asked not in done:
                    self._score(*asked)
                done.add(asked)
            except Exception as error:  # noqa: BLE001 - whatever fails for one enterprise is not the others'
                _log.error("score run failed, message %s: %s", record["messageId"], told(error))
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    def _score(self, uscc: str, quarter_end: str) -> None:
        """A score run; or, where the last day of a quarter is named, what the enterprise adds to the list of that quarter."""
        if quarter_end:
            self.misclassified_codes().summarise(uscc, date.fromisoformat(quarter_end))
        else:
            self.scoring().run(uscc)
