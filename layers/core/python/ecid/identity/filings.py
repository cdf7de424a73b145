"""The filing numbers in the footer of a Chinese website: ICP filing (ICP备案号) and public-security filing (公安备案号).

Shapes: `domain.md` §1; the letter that marks apps and mini programmes is expert memory (medium). As in `ecid.identity.codes`: an `Identifier`, or
`InvalidIdentifier` with its reason. Whose filing it is, only the register knows.
"""

from __future__ import annotations

import re

from ecid.identity.identifier import Identifier, normalised, refuse, shown, table, warned

_ICP = re.compile(r"(.)ICP[备证][0-9]{6,10}号(?:-[1-9][0-9]{0,2}([A-Z]?))?")
_TELECOM_LICENCE = re.compile(r".?(?:[AB][12]\.?)+-[0-9]{6,10}(?:号)?")
_PUBLIC_SECURITY = re.compile(r"(.)公网安备([0-9]{11,14})号")


def check_icp(text: str) -> Identifier:
    """An ICP filing or licence number of a website; the value has no spaces, `-n` names the n-th site of one filing subject."""
    kind = "icp"
    value = normalised(kind, text)
    found = _ICP.fullmatch(value)
    if found is None:
        refuse(kind, "telecom_licence" if _TELECOM_LICENCE.fullmatch(value) else "icp_shape")
    _require_province(kind, found[1])
    if found[2]:
        refuse(kind, "icp_not_a_website", char=found[2])
    return Identifier(kind, value)


def check_public_security(text: str) -> Identifier:
    """A public-security filing number. One of 14 digits begins with the division that filed it, which should be that of the character."""
    kind = "public_security"
    value = normalised(kind, text)
    found = _PUBLIC_SECURITY.fullmatch(value)
    if found is None:
        refuse(kind, "public_security_shape")
    division = _require_province(kind, found[1])
    differs = len(found[2]) == 14 and found[2][:2] != division
    return Identifier(kind, value, (warned("province_differs", char=found[1], found=found[2][:2]),) if differs else ())


def _require_province(kind: str, char: str) -> str:
    """The two digits (GB/T 2260) of the province whose character it is."""
    division = next((code for code, (short, _, _) in table("divisions").items() if short == char), None)
    return division if division is not None else refuse(kind, "province", char=shown(char))
