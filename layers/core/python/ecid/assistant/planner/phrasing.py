"""From results to an answer: the premise set right, each intent answered in turn, what could be asked next. The same results always give the same draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ecid.assistant.caller import Caller
from ecid.assistant.drafts import DraftAnswer, read_draft
from ecid.assistant.planner import score_answers, source_answers
from ecid.assistant.planner.memory import Asked
from ecid.assistant.planner.records import followups, intents
from ecid.assistant.planner.steps import needs_grant
from ecid.assistant.planner.telling import Parts, Told
from ecid.assistant.results import ToolResult

_MOST_BLOCKS = 36
_POINT = 1_000_000
Answer = Callable[[Told], Parts]


def draft_of(asked: Asked, caller: Caller, results: Sequence[ToolResult]) -> DraftAnswer:
    """The answer to a question as read, from what the tools found for it."""
    told = Told(asked, caller, results)
    if not asked.intents:
        return _finished(told, [*told.text(told.say("unclear")), *told.bullets(told.fixed(f"suggest_{name}") for name in asked.suggested)])
    blocks: Parts = [] if any(intents()[name].kind == "refusal" for name in asked.intents) else _premise(told)
    for place, name in enumerate(asked.intents):
        if place == 0 and asked.missing:
            blocks += told.question(told.say(f"missing_{asked.missing}"))
            continue
        blocks += _answered(told, name)
    if not blocks:
        blocks = told.text(told.fixed("nothing_found"))
    if intents()[asked.intents[-1]].kind != "refusal" and not asked.missing:
        blocks = blocks[:_MOST_BLOCKS] + _next(told)
    return _finished(told, blocks[: _MOST_BLOCKS + 2])


def _finished(told: Told, blocks: Parts) -> DraftAnswer:
    return read_draft({"blocks": blocks or told.text(told.fixed("nothing_found")), "citations": told.cited[:20]})


def _premise(told: Told) -> Parts:
    """What was stated, beside what is on record."""
    said: list[str] = []
    claimed = told.asked.claimed
    public = told.value("score.public") if "score.public" in told.facts else told.value("record.score.value")
    if claimed is not None and isinstance(public, int) and claimed != public:
        said.append(told.either("stated_other", "stated_other_public"))
    counted = told.value("score.findings")
    if told.asked.claimed_findings is not None and isinstance(counted, int) and told.asked.claimed_findings != counted:
        said.append(told.say("stated_findings"))
    lost = told.value("score.missing")
    if told.asked.claimed_lost is not None and isinstance(lost, int) and abs(told.asked.claimed_lost * _POINT - lost) > _POINT // 2:
        said.append(told.say("stated_lost"))
    level = told.value("record.aeo.level")
    if told.asked.claimed_aeo and isinstance(level, str) and level != told.asked.claimed_aeo:
        said.append(told.say("stated_level"))
    return told.text(*said)


def _answered(told: Told, name: str) -> Parts:
    own = intents()[name]
    if name == "others_data" and told.caller.role == "buyer" and told.of("get_record"):
        return [*told.text(told.say("buyer_only_public")), *source_answers.record_of_domain(told)]
    if own.kind == "refusal":
        return told.text(told.fixed(_refusal(told, name)))
    if told.caller.role not in own.roles:
        record = source_answers.record_of_domain(told) if told.of("get_record") else []
        return [*told.text(told.say("buyer_only_public" if record else "buyer_no_domain")), *record]
    if needs_grant(name, told.caller):
        return told.text(told.say("grant_needed"))
    return _ANSWERS[name](told)


def _refusal(told: Told, name: str) -> str:
    if name == "change_score" and told.caller.role == "buyer":
        return "refuse_change_score_buyer"
    return f"refuse_{name}"


def _next(told: Told) -> Parts:
    """Up to three questions that go on from here and that this caller can ask."""
    fit = [
        name
        for own in told.asked.intents
        for name in followups()["then"].get(own, ())
        if told.caller.role in intents()[name].roles and name not in told.asked.intents
    ]
    items = [said for name in dict.fromkeys(fit) if (said := told.fixed(f"suggest_{name}"))]
    return [*told.text(told.say("next")), *told.bullets(items[:3])] if items else []


def _help(told: Told) -> Parts:
    return told.text(told.fixed("help_buyer" if told.caller.role == "buyer" else "help_supplier"))


def _greeting(told: Told) -> Parts:
    return told.text(told.fixed("hello"))


def _thanks(told: Told) -> Parts:
    return told.text(told.fixed("welcome"))


_ANSWERS: Mapping[str, Answer] = {
    "why_score": score_answers.why_score,
    "dimension_detail": score_answers.dimension_detail,
    "costliest_findings": score_answers.costliest_findings,
    "finding_detail": score_answers.finding_detail,
    "plan_to_target": score_answers.plan_to_target,
    "simulate": score_answers.simulate,
    "forecast": score_answers.forecast,
    "when_leaves": score_answers.when_leaves,
    "ruling_worth": score_answers.ruling_worth,
    "disclosure_deadline": score_answers.disclosure_deadline,
    "what_changed": score_answers.what_changed,
    "misclassified_codes": score_answers.misclassified_codes,
    "reviewed_mark": score_answers.reviewed_mark,
    "code_review": source_answers.code_review,
    "elements_of_code": source_answers.elements_of_code,
    "tell_apart": source_answers.tell_apart,
    "show_clause": source_answers.show_clause,
    "tariff_line": source_answers.tariff_line,
    "candidates_for_goods": source_answers.candidates_for_goods,
    "method": source_answers.method,
    "record_of_domain": source_answers.record_of_domain,
    "website_state": source_answers.website_state,
    "aeo_meaning": source_answers.aeo_meaning,
    "anomalies_meaning": source_answers.anomalies_meaning,
    "threshold_clause": source_answers.threshold_clause,
    "sources_and_age": source_answers.sources_and_age,
    "help": _help,
    "greeting": _greeting,
    "thanks": _thanks,
}


def to_arguments(draft: DraftAnswer) -> dict[str, Any]:
    """A draft as arguments of the tool `answer`."""
    told: dict[str, Any] = draft.model_dump(mode="json", exclude_none=True)
    return told
