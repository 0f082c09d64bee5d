"""The secret by which a visitor, and nobody else, reaches what the server keeps of their photo."""

import hmac
import secrets

from ..pictures import Picture


class Seals:
    """A seal says that this server showed this visit this photo. It is computed and not kept, so it never runs out.

    The photo's sha256 is published by links and recipes, so nothing is found by it alone.
    """

    def __init__(self):
        self._key = secrets.token_bytes(32)  # of this server, until it ends

    def visit(self, session: str | None) -> str:
        """What a visit is called here; its session's own secret does not follow from it."""
        return self._mark("visit", session or secrets.token_hex())

    def seal(self, visit: str, picture: Picture) -> str:
        return f"{visit}.{self._mark(visit, picture.sha256, picture.name)}"

    def visit_of(self, seal: str, sha256: str, name: str) -> str | None:
        """The visit that the photo of this sha256 and name was shown to; None where the seal is not of this photo."""
        visit, _, mark = seal.partition(".")
        return visit if hmac.compare_digest(mark.encode(), self._mark(visit, sha256, name).encode()) else None

    def ticket(self, visit: str) -> str:
        """By which this visit, and nobody else, brings a checkpoint along."""
        return f"{visit}.{self._mark('ticket', visit)}"

    def visit_of_ticket(self, ticket: str) -> str | None:
        """The visit that it was given to; None where this server gave it to nobody."""
        visit, _, mark = ticket.partition(".")
        return visit if hmac.compare_digest(mark.encode(), self._mark("ticket", visit).encode()) else None

    def _mark(self, *parts: str) -> str:
        text = "\0".join(f"{len(part)}:{part}" for part in parts)  # unlike parts never make the same text
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), "sha256").hex()
