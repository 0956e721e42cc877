"""How personal data is shown when the whole of it is not needed (脱敏).

Owns which characters stay visible; who may see the whole value is for the shell to decide and to record.
The masks follow the data-minimising rule of 个人信息保护法 第六条; the chosen widths are ours.
"""

import re

_MAINLAND_MOBILE = re.compile(r"(?:\+?86)?(1\d{10})", re.ASCII)


def mask_name(name: str) -> str:
    """Show the first character only, whatever the length: 张三丰 → 张*, 阿依古丽·买买提 → 阿*, John → J*.

    A name of one character is hidden whole, an empty one stays empty.
    """
    name = name.strip()
    if len(name) <= 1:
        return "*" * len(name)
    return name[0] + "*"


def mask_phone(phone: str) -> str:
    """Show a mainland mobile number as 138****1234; of any other number only the last four digits.

    Numbers under eight digits are hidden whole, since four digits of them would be most of the number.
    """
    digits = re.sub(r"[^0-9+]", "", phone)
    mobile = _MAINLAND_MOBILE.fullmatch(digits)
    if mobile:
        return f"{mobile[1][:3]}****{mobile[1][-4:]}"
    if len(digits.lstrip("+")) < 8:
        return "*" * len(digits)
    return "****" + digits[-4:]


def mask_id_own(number: str) -> str:
    """Show the owner of a document the last four characters (后四位); under eight characters nothing."""
    if len(number) < 8:
        return "*" * len(number)
    return "*" * (len(number) - 4) + number[-4:]


def mask_id_staff(number: str) -> str:
    """Show staff the region and the last four (前六后四), so that the birth date stays hidden.

    Travel permits (通行证) hold no birth date and are short: two characters stay at each end.
    """
    if len(number) < 8:
        return "*" * len(number)
    head, tail = (6, 4) if len(number) == 18 else (2, 2)
    return number[:head] + "*" * (len(number) - head - tail) + number[-tail:]
