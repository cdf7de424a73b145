"""Every error that a person or a program may meet: one tree, a stable code each, a sentence in zh and en.

The code is the contract (HTTP problem documents, rejected rows, command line); the sentence helps. Codes are listed in `docs/errors.md`, which a
test compares with this module. HTTP mapping happens once, in `ecid.api`.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from typing import ClassVar, Literal

Language = Literal["zh", "en"]


class EcidError(Exception):
    """Root of the tree. Sub-classes state `code`, `status` (HTTP) and the two sentences, which may use the keyword arguments given at raising."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    zh: ClassVar[str] = "系统内部出错，请稍后重试。"
    en: ClassVar[str] = "Something went wrong on our side; please try again later."

    def __init__(self, **context: object) -> None:
        self.context = context
        super().__init__(self.sentence("en"))

    def sentence(self, lang: Language) -> str:
        """The sentence for a person, in `lang`, with the context filled in; a part of it may itself be by language."""
        template = self.zh if lang == "zh" else self.en
        return template.format_map({name: said[lang] if isinstance(said, Mapping) else said for name, said in self.context.items()})


class BadInput(EcidError):
    """The caller sent something that cannot be worked with; nothing was changed. Context: `detail`, what was expected, as one text or by language."""

    code = "bad_input"
    status = 400
    zh = "输入有误：{detail}"
    en = "The input cannot be used: {detail}"


class InvalidBody(BadInput):
    """The body of a request is not the JSON object that the route takes. Context: `expected`."""

    code = "invalid_body"
    zh = "请求正文须为未压缩的 UTF-8 编码 JSON 对象，键不得重复或多余，形如 {expected}"
    en = "The request body must be a JSON object in UTF-8, not compressed, with no repeated or further keys, of the form {expected}"


class InvalidDomain(BadInput):
    """Not a domain name that can belong to one enterprise. Context: `reason_zh`, `reason_en`."""

    code = "invalid_domain"
    zh = "这不是可查询的网站域名：{reason_zh}"
    en = "This is not a website domain that can be looked up: {reason_en}"


class InvalidIdentifier(BadInput):
    """An identifier of customs or of the market regulator fails its shape or check. Context: `kind`, `reason` (stable, docs/identifiers.md), `reason_zh`,
    `reason_en`."""

    code = "invalid_identifier"
    zh = "编号格式不正确（{kind}）：{reason_zh}"
    en = "The identifier is not valid ({kind}): {reason_en}"


class UnreadableFile(BadInput):
    """The file is of a known kind but cannot be read. Context: `name`, `reason_zh`, `reason_en`."""

    code = "unreadable_file"
    status = 422
    zh = "无法读取文件 {name}：{reason_zh}"
    en = "Cannot read the file {name}: {reason_en}"


class UnsupportedFormat(BadInput):
    """The file is of no kind that is read here. Context: `name`, `supported`."""

    code = "unsupported_format"
    status = 415
    zh = "不支持的文件 {name}；可以读取：{supported}。"
    en = "The file {name} is of a kind that is not supported; supported are: {supported}."


class PayloadTooLarge(BadInput):
    """More than the limit. Context: `limit`, and in subclasses what is counted."""

    code = "payload_too_large"
    status = 413
    zh = "内容过大，上限为 {limit}。"
    en = "Too large; the limit is {limit}."


class InvalidEvent(BadInput):
    """A source event that does not follow its schema; it goes to the dead-letter queue. Context: `reason`."""

    code = "invalid_event"
    status = 422
    zh = "事件不符合其格式：{reason}"
    en = "The event does not follow its schema: {reason}"


class EventConflict(BadInput):
    """Two different events under one id; the later one goes to the dead-letter queue. Context: `id`."""

    code = "event_conflict"
    status = 409
    zh = "事件编号 {id} 已用于另一事件。"
    en = "The event id {id} was already used by a different event."


class NotAuthorized(EcidError):
    """No token, or none that opens anything here: which of the two, and why, is not told."""

    code = "not_authorized"
    status = 401
    zh = "请先登录：请求须携带有效的访问令牌（Authorization: Bearer …）。"
    en = "Please sign in: the request needs a valid access token (Authorization: Bearer …)."


class NotFound(EcidError):
    """Nothing under that name. Context: `what`."""

    code = "not_found"
    status = 404
    zh = "没有找到：{what}"
    en = "Not found: {what}"


class ReportNotReady(EcidError):
    """There is no result that could answer: none was made yet, or an engine wrote it that kept less, or more, than this one knows."""

    code = "report_not_ready"
    status = 409
    zh = "尚无可供查询的评分结果；评分完成后再试。"
    en = "There is no score result yet that can be asked; try again once the score run is done."


class ConversationBusy(EcidError):
    """Another question of the same conversation is being answered."""

    code = "conversation_busy"
    status = 409
    zh = "本对话中上一个问题仍在作答；答完后再问，或新开一个对话。"
    en = "Another question of this conversation is being answered; ask again when it is, or open a new conversation."


class MethodNotAllowed(EcidError):
    """The address exists, but not for this method. Context: `allowed`, the value of the `Allow` header (RFC 9110 §10.2.1)."""

    code = "method_not_allowed"
    status = 405
    zh = "此地址不支持该请求方法；支持：{allowed}。"
    en = "This address does not take that method; it takes {allowed}."


class SourceUnavailable(EcidError):
    """The store or a source could not be asked: neither "unknown" nor "failed"."""

    code = "source_unavailable"
    status = 503
    zh = "暂时无法查询数据源，请稍后再试；这不代表任何结论。"
    en = "The data source cannot be asked at the moment; please try again. This says nothing about the enterprise."


def told(error: Exception) -> str:
    """What a log may say: the sentence of our own errors; of others type and places only, for their message may carry what a declaration said."""
    if isinstance(error, EcidError):
        return f"{error.code}: {error}"
    return f"{type(error).__name__} at {[f'{frame.filename}:{frame.lineno}' for frame in traceback.extract_tb(error.__traceback__)]}"
