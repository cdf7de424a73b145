"""Whether declared goods are those that customs described: by mark, or by name, with nothing declared that speaks against it.

Only what can be shown mechanically counts; where it cannot, the answer is no, and the rules that ask abstain.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from ecid.scoring.authority import Decision, Ruling
from ecid.scoring.elements.bounds import readings
from ecid.scoring.elements.families import exclude, families_of, found
from ecid.scoring.elements.quantities import converted, measures
from ecid.scoring.goods import Goods
from ecid.scoring.product_key import bigrams, is_nobodys, is_telling, normal, real_values
from ecid.tariff.reference import Tariff

_BRACKETED = re.compile(r"[（(\[【]([^（()）\[\]【】]*)[）)\]】]")
_QUOTED = re.compile(r"[“\"‘'「]([^”\"’'」]+)[”\"’'」]")
_LATIN_EDGES = re.compile(r"^[a-z0-9./*-]+|[a-z0-9./*-]+$")
_ENDING = 3
"""Characters that tell the kind of goods at the end of a name: 提升机, 二极管."""
_TELLING = 8
"""From so many characters on, a name is no other goods' name."""
_SHORTEST = 3
_SHARED = 0.5
_AT_LENGTH = 3
_FACTS = re.compile(r"[,，、;；]")
_TOLERANCE = 0.02


class Rulings:
    """An enterprise's own rulings by what they name: the model, or the goods alone. Those by item number alone are judged with the lines."""

    def __init__(self, rulings: Sequence[Ruling]) -> None:
        self.all = rulings
        self._models: dict[str, list[int]] = defaultdict(list)
        self._names: dict[str, list[int]] = defaultdict(list)
        for place, ruling in enumerate(rulings):
            if ruling.model and (ruling.brand or is_telling(ruling.model)):
                self._models[normal(ruling.model)].append(place)
            elif not ruling.sku:
                self._names[normal(ruling.goods_name)].append(place)

    def about(self, goods: Goods) -> tuple[int, ...]:
        """The places of the rulings on these very goods.

        Brand and model are looked for in all that is declared, since another code asks for them in other places. A model that names one product does by
        itself, another one with its brand; both among goods of a like name.
        """
        declared, name = real_values(goods), normal(goods.name)
        by_model = [place for value in declared for place in self._models.get(value, ()) if bigrams(name) & bigrams(self.all[place].goods_name)]
        known = () if is_nobodys(name) else self._names.get(name, ())
        by_name = [place for place in known if not contradicts(goods, self.all[place].words) and self._has(declared, self.all[place].model)]
        return tuple(sorted(place for place in {*by_model, *by_name} if self._has(declared, self.all[place].brand)))

    @staticmethod
    def _has(declared: frozenset[str], mark: str) -> bool:
        return not mark or normal(mark) in declared


def contradicts(goods: Goods, words: str) -> bool:
    """Whether something declared cannot be true of goods so described: another member of a family (铝 of 钢制), or another quantity of the same kind."""
    if not words:
        return False
    return any(_speaks_against(slot.label, slot.value, goods.code, words) for slot in goods.elements if slot.value)


def _speaks_against(label: str, value: str, code: str, words: str) -> bool:
    return _other_member(label, value, code, words) or _other_quantity(label, value, code, words)


def _other_member(label: str, value: str, code: str, words: str) -> bool:
    return any(exclude(family, found(family, words), found(family, value)) for family in families_of(label, code))


def _other_quantity(label: str, value: str, code: str, words: str) -> bool:
    for reading in readings(label, code):
        told = _in_dimension(words, reading.dimension)
        declared = _in_dimension(value, reading.dimension)
        if told and declared and not any(abs(one - other) <= _TOLERANCE * max(one, other) for one in told for other in declared):
            return True
    return False


@lru_cache(1 << 12)
def _in_dimension(text: str, dimension: str) -> tuple[float, ...]:
    return tuple(number for measure in measures(text) if (number := converted(measure, dimension)) is not None)


def agrees(goods: Goods, words: str) -> bool:
    """Whether something is declared, beyond the name, that the description says too."""
    return any(True for _ in _agreeing(goods, words))


def agrees_at_length(goods: Goods, words: str) -> bool:
    """Whether two things are, more than a word each: enough where the name is only like the described goods'."""
    return sum(shared >= _AT_LENGTH for shared in _agreeing(goods, words)) > 1


def _agreeing(goods: Goods, words: str) -> Iterator[int]:
    """Of each fact declared beyond the name, in brackets behind it too, that the description says: how much of it that is."""
    told, named = bigrams(words), bigrams(_BRACKETED.sub("", goods.name))
    bracketed = (normal(fact) for part in _BRACKETED.findall(goods.name) for fact in _FACTS.split(part))
    for value in sorted({*real_values(goods), *bracketed}):
        own = bigrams(value) - named
        if len(value) > 1 and own and len(own & told) >= _SHARED * len(own):
            yield len(own & told)


class Decisions:
    """Published decisions by the names of their goods."""

    def __init__(self, decisions: Sequence[Decision], tariff: Tariff) -> None:
        self.all = decisions
        self._tariff = tariff
        self._texts: Mapping[str, str] = {}
        self._places: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        for place, decision in enumerate(decisions):
            whole = {normal(name) for name in decision.names}
            for known in sorted(whole | {part for name in decision.names for part in _parts(name)}):
                self._places[known].append((place, known in whole))

    def about(self, goods: Goods) -> tuple[int, ...]:
        """The places of the decisions on these very goods.

        A name that is other goods' name too, or only part of the decision's, counts only where a declared fact agrees with the description; where decisions
        of one name differ in their codes, only those count. A name that only ends in the decision's (电动切菜机) counts where several facts agree.
        """
        name = next((name for name in _names(goods.name) if name in self._places), "")
        known = self._places.get(name, ())
        if not known:
            return tuple(place for place in self._ending_in(goods.name) if agrees_at_length(goods, self.all[place].words) and not self._denied(goods, place))
        doubtful = len({self.all[place].code[:6] for place, _ in known}) > 1
        certain = {place for place, whole in known if whole and not doubtful and not self._is_common(name, place)}
        likely = [place for place, _ in known if not self._denied(goods, place)]
        return tuple(place for place in likely if place in certain or agrees(goods, self.all[place].words))

    def _denied(self, goods: Goods, place: int) -> bool:
        return contradicts(goods, self.all[place].words)

    def _ending_in(self, declared: str) -> tuple[int, ...]:
        """The decisions whose whole name is the longest ending of this one."""
        for name in _names(declared):
            for start in range(1, len(name) - _SHORTEST + 1):
                if found := tuple(place for place, whole in self._places.get(name[start:], ()) if whole):
                    return found
        return ()

    def named_by(self, names: Iterable[str]) -> tuple[Decision, ...]:
        """The decisions that any of these declared names might be about, in their order."""
        declared = list(names)
        places = {place for told in declared for name in _names(told) for place, _ in self._places.get(name, ())}
        return tuple(self.all[place] for place in sorted(places.union(*map(self._ending_in, declared))))

    def _is_common(self, name: str, place: int) -> bool:
        """Whether goods of another heading may go by that name: it is short of characters, or headings elsewhere in the tariff have its ending."""
        if len(name) >= _TELLING:
            return False
        heading, ending = self.all[place].code[:4], name[-_ENDING:]
        return len(name) < _SHORTEST or any(ending in text for other, text in self._headings().items() if other != heading)

    def _headings(self) -> Mapping[str, str]:
        """All texts of each heading, of all editions."""
        if not self._texts:
            texts: dict[str, dict[str, None]] = defaultdict(dict)
            for edition in self._tariff.editions:
                for code, line in edition.lines.items():
                    texts[code[:4]].update(dict.fromkeys((line.name, *line.path)))
            self._texts = {heading: "\n".join(map(normal, said)) for heading, said in texts.items()}
        return self._texts


def _parts(name: str) -> Iterable[str]:
    """Parts of a name under which the goods may be declared: without or within brackets, what it quotes."""
    for part in (_BRACKETED.sub("", name), *_BRACKETED.findall(name), *_QUOTED.findall(name)):
        if len(normal(part)) >= _SHORTEST and not normal(part).isascii():
            yield normal(part)


@lru_cache(1 << 16)
def _names(name: str) -> tuple[str, ...]:
    """What a declared name may be compared by, the whole first: without brackets, without Latin letters (a brand, a model) at its ends."""
    bare = normal(_BRACKETED.sub("", name))
    return tuple(text for text in dict.fromkeys((normal(name), bare, _LATIN_EDGES.sub("", bare))) if not is_nobodys(text))
