"""Which names of pictures a recipe can say."""

import unicodedata


def in_name(character: str) -> bool:
    """Bytes that are no UTF-8 are: they come as surrogates. So are unusual spaces, as in a Mac's screenshots, and joined emoji."""
    return "\udc80" <= character <= "\udcff" or unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp")


def plain_name(name: str) -> str:
    """A picture's name, what would leave its line escaped."""
    return "".join(c if in_name(c) else ascii(c)[1:-1] for c in name)
