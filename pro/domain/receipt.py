"""The code on the thank-you page: short enough to read out on the telephone."""

from __future__ import annotations

ALPHABET = "2345679ACDEFHJKMNPQRTVWXY"
"""No 0 or O, 1, I or L, 8 or B, S (5), Z (2), G (6), U (V): each sign is read in one way only."""

LENGTH = 10


def receipt_code(sha256_hex: str) -> str:
    """Ten signs of a response's hash, as `K7M-4QX-92HA`; the same response always gives the same code.

    The hash is read as one whole number whose last ten digits in the alphabet's base are taken (46 bits).
    ValueError unless it is 64 hexadecimal characters.
    """
    if len(sha256_hex) != 64:
        raise ValueError("a SHA-256 has 64 hexadecimal characters")
    rest, signs = int(sha256_hex, 16), ""
    for _ in range(LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        signs += ALPHABET[digit]
    return f"{signs[:3]}-{signs[3:6]}-{signs[6:]}"
