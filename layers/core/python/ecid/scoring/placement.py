"""Where goods as described belong by what is known of goods: what dimensions 4 and 9 ask. `ecid.services.place_goods` answers from the index of candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Described:
    """Goods as declared: their name, what was declared of them beyond brand, model and the like, the code (eight digits), and the day of the knowledge."""

    name: str
    statements: tuple[str, ...]
    code: str
    day: date


@dataclass(frozen=True, slots=True)
class Likely:
    """A six-digit code that the description speaks for. `ppm` is the probability of its heading (of a rival heading) or its own (within a heading), in
    millionths; `record` says `words` of such goods ("" where only the wording of the code speaks)."""

    code: str
    title: Mapping[str, str]
    ppm: int
    record: str
    words: str


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A section or chapter note, record `record`, that sends goods called `said` from the declared heading to `towards`; `words` are the note's."""

    record: str
    said: str
    towards: tuple[str, ...]
    words: str


@dataclass(frozen=True, slots=True)
class OpenFact:
    """A confusable pair of which the goods are called by the name of another side than that of their code, or by one that sides share, and no fact is stated
    that settles it.

    `words` are the record's, `question` what settles it by language, `rivals` the codes of the other sides that the name may speak for; `shared`: it is a name
    that sides share, so that it speaks against none.
    """

    record: str
    question: Mapping[str, str]
    rivals: tuple[str, ...]
    words: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class AmbiguousName:
    """A name that says too little, record `record`: goods so called are under any of `codes` (two to six digits), depending on `fact`, by language.

    `words` are the record's; in force from `valid_from` to `valid_to`, both inclusive (None: still).
    """

    record: str
    codes: tuple[str, ...]
    fact: Mapping[str, str]
    words: str
    valid_from: date
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        """Whether it has a say on `day`."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Placed:
    """What is known of goods as described. Probabilities are in millionths.

    `own_ppm`: that of the declared heading (None: the tariff of the day has no such heading). `best_ppm`: that of the best heading. `rival`: the best code of
    the best other heading. `own_code_ppm`: that of the declared six digits; `finer`: the best other code of the declared heading; `residual`: the declared
    six digits are for what is named nowhere else in the heading. `supported`: goods that are called so are known under the declared heading; `called_rival`:
    under that of the rival. `terms`: how many different terms the description has.
    """

    own_ppm: int | None
    best_ppm: int
    rival: Likely | None
    own_code_ppm: int
    finer: Likely | None
    residual: bool
    supported: bool
    called_rival: bool
    terms: int
    excluded: Exclusion | None
    open_fact: OpenFact | None


class Placement(Protocol):
    """What is known of goods, looked up by description. The same version gives the same answers."""

    @property
    def version(self) -> str:
        """Names the knowledge and how it is read."""

    def place_all(self, goods: Sequence[Described]) -> Sequence[Placed]:
        """What the knowledge says of each goods, in their order; of one the same as of many. Raises UnreadableFile where it cannot be read."""
