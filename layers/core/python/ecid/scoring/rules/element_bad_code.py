"""ELEMENT_BAD_CODE: brand type not 0 to 4, or preference not 0 to 2, on export (M3)."""

from __future__ import annotations

from collections.abc import Iterator

from ecid.scoring.elements.codes import code_of, is_import_only, meant
from ecid.scoring.elements.wording import failure
from ecid.scoring.goods import Goods
from ecid.scoring.rule import Failure, GoodsRule


def _check(goods: Goods) -> Iterator[Failure]:
    brand_type, preference = goods.slot("brand_type"), goods.slot("preference")
    if brand_type and brand_type.value and code_of("brand_type", brand_type.value) is None:
        known = meant("brand_type", brand_type.value)
        yield failure(brand_type, "brand_type_known", code=known) if known else failure(brand_type, "brand_type")
    if preference and preference.value and code_of("preference", preference.value) is None:
        known = meant("preference", preference.value)
        if is_import_only(preference.value) or known == "3":
            yield failure(preference, "preference_import")
        else:
            yield failure(preference, "preference_known", code=known) if known else failure(preference, "preference")


RULE = GoodsRule("ELEMENT_BAD_CODE", 3, _check)
