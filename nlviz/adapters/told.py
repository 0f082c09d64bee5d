"""What a module's weights cannot tell and a caller says: ``mode="dot_product"``, ``use_scale=False``."""

from collections.abc import Mapping, Sequence

FLAGS = {"yes": True, "no": False, "true": True, "false": False}
MODES = {"gaussian", "embedded_gaussian", "dot_product", "concatenation"}


class Told:
    """What a caller told of a module of some kind, each value as a Python value or as the text of an answer.

    Args:
        kind: the kind of module, for messages.
        given: what was told.
        known: what may be told of this kind: name -> what it is, in words.

    Raises:
        TypeError: something else was told.
    """

    def __init__(self, kind: str, given: Mapping[str, object], known: Mapping[str, str]):
        self.kind, self.given, self.known = kind, given, known
        if other := [name for name in given if name not in known]:
            raise TypeError(f"{kind} is told {', '.join(known) or 'nothing'}, not {', '.join(other)}")

    def get(self, name: str, usual: object = None) -> object:
        """What was told, or ``usual``."""
        return self.given.get(name, usual)

    def needed(self, name: str) -> object:
        """What was told.

        Raises:
            TypeError: it was not.
        """
        if name not in self.given:
            raise TypeError(f"weights of {self.kind} do not tell {name} ({self.known[name]}): say {name}=")
        return self.given[name]

    def flag(self, name: str) -> bool:
        """A yes or no that was told."""
        value = self.needed(name)
        found = FLAGS.get(value.lower()) if isinstance(value, str) else value
        if found not in (True, False):
            raise ValueError(f"{name} of {self.kind} is yes or no, got {value!r}")
        return bool(found)

    def number(self, name: str, kind: type = float) -> float | int:
        """A number that was told, above 0."""
        value = self.needed(name)
        try:
            found = kind(value)
        except (TypeError, ValueError):
            found = 0
        if not 0 < found < float("inf") or found != float(value):
            raise ValueError(f"{name} of {self.kind} is {'a whole number' if kind is int else 'a number'} above 0, got {value!r}")
        return found

    def sizes(self, name: str, count: int) -> tuple[int, ...]:
        """So many whole numbers from 1 that were told, as a sequence or as ``4x4``."""
        value = self.needed(name)
        parts = value.lower().split("x") if isinstance(value, str) else (value,) if isinstance(value, int) else value
        try:
            found = tuple(int(part) for part in parts)
        except (TypeError, ValueError):
            found = ()
        if len(found) != count or min(found) < 1:
            raise ValueError(f"{name} of {self.kind} is {count} whole numbers from 1, got {value!r}")
        return found

    def mode(self, options: Sequence[str], name: str = "mode") -> str:
        """One of some pairwise functions: the only one where weights leave one, else what was told."""
        if len(options) == 1:
            value = self.get(name, options[0])
        else:
            value = self.needed(name)
        value = {"softmax": "embedded_gaussian"}.get(value, value)
        if value not in options:
            raise ValueError(f"these weights of {self.kind} are of {name} {' or '.join(options)}, not {value!r}")
        return value
