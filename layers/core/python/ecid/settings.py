"""The settings of the platform, read from the environment once, at the edge (`bootstrap`, the command line), and handed on as one frozen value.

Each field is documented in `docs/settings.md`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal

from ecid.errors import BadInput

_PACKAGE = Path(__file__).resolve().parent
CHECKOUT = _PACKAGE.parents[3] if len(_PACKAGE.parents) > 3 else _PACKAGE
"""The folder that holds `template.yaml`, when the program runs from a checkout: local state and the pack do not depend on where a command is typed."""
PLANNER = "planner"
"""The value of `model` with which the program itself answers."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that an operator can set. The environment variable of a field is `ECID_` and its name in capitals."""

    home: Path = CHECKOUT / ".ecid"
    """Folder for local state: the embedded database, the object folder, imported knowledge."""
    pack_dir: Path = CHECKOUT / "knowledge"
    """Folder of the reviewed knowledge pack."""
    data_dir: Path | None = None
    """Folder with reference data files that `ecid knowledge build` imports; unset, the program knows its own pack only."""
    operator: str = ""
    """Name of whoever runs this installation, shown on every page; empty means that it is called an independent operator, in the reader's language."""
    public_url: str = "http://127.0.0.1:8000"
    """Address under which this installation is reached."""
    public_anomalies: Literal["records", "counts"] = "records"
    """Whether the public record lists anomaly records, or only counts with small cells suppressed."""
    sample_suffixes: str = "example"
    """Reserved suffixes, comma-separated, that are accepted as domains because the sample enterprises use them."""
    facts_table: str = "ecid-platform-facts"
    """DynamoDB table of enterprise facts."""
    records_table: str = "ecid-platform-records"
    """DynamoDB table of public records, one item a domain, and of the sources' state."""
    events_table: str = "ecid-platform-events"
    """DynamoDB table of the source events as they arrived."""
    conversations_table: str = "ecid-platform-conversations"
    """DynamoDB table of the conversations with the assistant."""
    conversation_idle_hours: int = 24
    """Hours after its last turn at which a conversation ends."""
    conversation_days: int = 7
    """Days after its opening at which it ends whatever was asked."""
    model: str = PLANNER
    """Who writes the assistant's answers: `planner`, which is part of the program, or a language model by the name that LangChain's `init_chat_model` takes,
    such as `bedrock_converse:NAME`."""
    model_endpoint: str = ""
    """Address of the language model, where it is not the usual one of its provider."""
    model_silence_ms: int = 1_500
    """Milliseconds without a word from the language model after which the planner answers instead."""
    model_total_ms: int = 20_000
    """Milliseconds that a language model may take for a whole answer."""
    objects: str = ""
    """Bucket of the object store; empty means the folder `objects` under `home`."""
    score_queue: str = ""
    """Address of the queue that asks for score runs; empty means the in-process queue of `ecid serve`."""
    chroma_url: str = ""
    """Address of a Chroma server that holds the vectors of clause search; empty means the folder of the index itself."""
    dynamodb_endpoint: str = ""
    """Address of a DynamoDB-compatible engine; empty means AWS."""
    issuer: str = "urn:ecid:local"
    """Who signs the access tokens that are accepted (claim `iss`)."""
    audience: str = "ecid"
    """What an access token has to be for (claim `aud`)."""
    issuer_keys: str = ""
    """Address of the JWKS that tokens are checked against; empty means the key pair in `keys` under `home`, and nobody where there is none."""
    check_bytes: int = 4 * 2**20
    """Bytes of a draft that `POST /v1/declarations/check` takes. Lambda is handed 6 MB at most, in which binary content takes a third more room."""
    check_lines: int = 200
    """Lines of a draft that it takes: what is known of every distinct goods is looked up while the caller waits, at most half a minute."""

    @property
    def reserved_suffixes(self) -> frozenset[str]:
        """The suffixes of `sample_suffixes` as a set."""
        return frozenset(part.strip().lower() for part in self.sample_suffixes.split(",") if part.strip())


def settings_from(environment: Mapping[str, str]) -> Settings:
    """Read `ECID_*` from `environment`; an empty value counts as unset. Raises BadInput naming the variable when a value is not allowed."""
    values: dict[str, object] = {}
    for spec in fields(Settings):
        raw = environment.get(f"ECID_{spec.name.upper()}", "")
        if not raw:
            continue
        values[spec.name] = Path(raw) if "Path" in str(spec.type) else _count(spec.name, raw) if spec.type == "int" else raw
    settings = Settings(**values)  # type: ignore[arg-type]
    if settings.public_anomalies not in ("records", "counts"):
        raise BadInput(detail="ECID_PUBLIC_ANOMALIES: records | counts")
    return settings


def _count(name: str, raw: str) -> int:
    if not (raw.isascii() and raw.isdigit() and 0 < int(raw) < 10**9):
        raise BadInput(detail=f"ECID_{name.upper()}: 1…999999999")
    return int(raw)
