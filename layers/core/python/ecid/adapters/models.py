"""The language model that an operator has chosen to phrase answers, behind LangChain's seam (docs/assistant.md). Unset, nothing here is imported.

What a model writes is checked elsewhere (`ecid.assistant.grounding`); here it is only made sure that it is asked within bounds: no second try, a connection
that is given up early, and nothing sent to anybody but the endpoint.
"""

from __future__ import annotations

import importlib
import importlib.util
import ipaddress
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import boto3
import langsmith
from botocore.config import Config
from botocore.exceptions import NoRegionError
from langchain.chat_models import init_chat_model
from langchain_core.language_models.chat_models import BaseChatModel

from ecid.errors import BadInput, Language
from ecid.settings import Settings

PLANNER = "planner"
CONNECT_SECONDS = 1.0
"""A model that does not take a connection by then is down."""
LONGEST_ANSWER = 4_096
"""Tokens of one reply: an answer of forty blocks has fewer."""
_BEDROCK = "bedrock_converse"
_SHAPE: Mapping[Language, str] = {"zh": "应为 planner 或“提供方:模型名”", "en": "planner, or PROVIDER:NAME"}
_UNKNOWN: Mapping[Language, str] = {"zh": "不认识的模型提供方", "en": "no such provider of models"}
_REGION: Mapping[Language, str] = {"zh": "须设置 AWS_REGION", "en": "AWS_REGION has to be set"}
_REFUSED: Mapping[Language, str] = {"zh": "模型拒绝了这些设置", "en": "the model does not take these settings"}
_ADDRESS: Mapping[Language, str] = {"zh": "应为 http(s):// 开头、不含用户名的地址", "en": "an address that begins with http(s):// and names no user"}
_INSTALL: Mapping[Language, str] = {"zh": "请安装软件包 {package}", "en": "install the package {package}"}


def chosen(settings: Settings) -> BaseChatModel | None:
    """The language model of `ECID_MODEL`, None for the planner. Raises BadInput, naming the variable, for what cannot be one."""
    if settings.model == PLANNER:
        return None
    provider, colon, name = settings.model.partition(":")
    if not (colon and provider and name and settings.model.isprintable()):
        raise _unusable("ECID_MODEL", _SHAPE)
    endpoint = _endpoint(settings.model_endpoint)
    # A conversation goes to nobody but the model that was chosen, whatever else the environment asks for.
    langsmith.configure(enabled=False)
    silence = settings.model_silence_ms / 1_000
    return _bedrock(name, endpoint, silence) if provider == _BEDROCK else _other(provider, name, endpoint, silence)


def _bedrock(name: str, endpoint: str | None, silence: float) -> BaseChatModel:
    package = _package("langchain_aws")
    # Nobody waits for a reply that comes later than the silence that is allowed, so its thread need not either.
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=2 * silence,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=64,
        proxies={} if _is_loopback(endpoint) else None,
    )
    try:
        runtime, control = (_client(service, endpoint, config) for service in ("bedrock-runtime", "bedrock"))
        model: BaseChatModel = package.ChatBedrockConverse(model=name, client=runtime, bedrock_client=control, max_tokens=LONGEST_ANSWER)
    except NoRegionError:
        raise _unusable("ECID_MODEL", _REGION) from None
    except ValueError:
        raise _unusable("ECID_MODEL", _REFUSED) from None
    return model


def _client(service: str, endpoint: str | None, config: Config) -> Any:
    made: Any = boto3.client  # type stubs know only the services that they were made for
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    return made(service, region_name=region, endpoint_url=endpoint, config=config)


def _other(provider: str, name: str, endpoint: str | None, silence: float) -> BaseChatModel:
    options: dict[str, Any] = {"max_retries": 0, "timeout": 2 * silence, "max_tokens": LONGEST_ANSWER}
    if endpoint:
        options["base_url"] = endpoint
    try:
        model: BaseChatModel = init_chat_model(name, model_provider=provider, **options | (_openai(endpoint, silence) if provider == "openai" else {}))
    except BadInput:
        raise
    except ImportError:
        raise _missing(f"langchain_{provider}") from None
    except Exception as error:  # noqa: BLE001 - each provider's package has errors of its own for a key that is missing or an option that it lacks
        unknown = isinstance(error, ValueError) and "provider" in str(error)
        raise _unusable("ECID_MODEL", _UNKNOWN if unknown else _REFUSED) from None
    return model


def _openai(endpoint: str | None, silence: float) -> dict[str, Any]:
    """What the OpenAI protocol wants besides: own endpoints mostly take no key, and one on this machine is not asked through a proxy."""
    _package("langchain_openai")
    package = _package("openai")
    client = package.DefaultHttpxClient(trust_env=not _is_loopback(endpoint), timeout=package.Timeout(2 * silence, connect=CONNECT_SECONDS))
    key = {"api_key": "none"} if endpoint and not os.environ.get("OPENAI_API_KEY") else {}
    return {"http_client": client, "stream_usage": False, **key}


def _package(name: str) -> Any:
    """A package that is only needed for the model chosen. Raises BadInput where it is not installed."""
    if importlib.util.find_spec(name) is None:
        raise _missing(name)
    return importlib.import_module(name)


def _missing(package: str) -> BadInput:
    named = package.replace("_", "-")
    return _unusable("ECID_MODEL", {lang: text.format(package=named) for lang, text in _INSTALL.items()})


def _endpoint(address: str) -> str | None:
    if not address:
        return None
    try:
        parts = urlsplit(address)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or not address.isascii() or not address.isprintable() or " " in address or parts.query or parts.fragment:
        raise _unusable("ECID_MODEL_ENDPOINT", _ADDRESS)
    return address


def _is_loopback(endpoint: str | None) -> bool:
    host = (urlsplit(endpoint).hostname or "") if endpoint else ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unusable(variable: str, said: Mapping[Language, str]) -> BadInput:
    return BadInput(detail={lang: f"{variable}: {text}" for lang, text in said.items()})
