"""Check digits, which tell a number of some kind from any other number."""

from __future__ import annotations

_VIN_VALUES = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
VIN_LENGTH = 17


def is_luhn(digits: str) -> bool:
    """Whether digits end in the check digit of ISO/IEC 7812-1, as card numbers and IMEIs do."""
    total = 0
    for place, character in enumerate(reversed(digits)):
        value = int(character) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_nhs_number(digits: str) -> bool:
    """Whether ten digits are a number of the British NHS (modulus 11)."""
    remainder = 11 - sum(int(d) * (10 - place) for place, d in enumerate(digits[:9])) % 11
    return len(digits) == 10 and remainder != 10 and remainder % 11 == int(digits[9])


def is_npi(digits: str) -> bool:
    """Whether ten digits are a US National Provider Identifier: Luhn over the prefix 80840 and the number."""
    return len(digits) == 10 and digits[0] in "12" and is_luhn("80840" + digits)


def is_dea_number(text: str) -> bool:
    """Whether two letters and seven digits are a registration number of the US Drug Enforcement Administration."""
    d = [int(c) for c in text[2:]]
    return len(d) == 7 and (d[0] + d[2] + d[4] + 2 * (d[1] + d[3] + d[5])) % 10 == d[6]


def is_iban(text: str) -> bool:
    """Whether text without spaces is an IBAN (ISO 13616, modulus 97)."""
    moved = (text[4:] + text[:4]).upper()
    return 15 <= len(text) <= 34 and int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def is_vin(text: str) -> bool:
    """Whether 17 characters are a vehicle identification number with the North American check digit (49 CFR 565)."""
    values = [_VIN_VALUES.get(c, -1) for c in text.upper()]
    if len(values) != VIN_LENGTH or -1 in values:
        return False
    remainder = sum(v * w for v, w in zip(values, _VIN_WEIGHTS, strict=True)) % 11
    return text[8].upper() == ("X" if remainder == 10 else str(remainder))
