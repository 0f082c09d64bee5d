"""What was found where, and what was not: so that no map is missed in silence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..maps import NLMap
from .parity import Parity, check_parity

ATTENTION_LIKE = re.compile(r"attention|attn|nonlocal|non_local|lambda|msa\b|mhsa|litemla", re.IGNORECASE)
NO_MAP_INSIDE = re.compile(r"output|config|dropout|mlp|pool$|mask|gelu|embedding|norm", re.IGNORECASE)
GATES = re.compile(r"^(SE[A-Z]|Eca|Ceca|Cbam|ChannelAttn|SpatialAttn|Light|Gather|SplitAttn|SelectiveKernel)")


@dataclass(frozen=True)
class Seen:
    """A module that ran."""

    layer: str
    kind: str


@dataclass
class Report:
    """What a capture found.

    Attributes:
        maps: the maps, a list of NLMap.
        ran: the modules that ran, in the order in which they first did.
        refused: sentences on what is attention and has no map, by layer.
        too_large: layers whose maps fit no budget and have no smaller form.
        others: layers with maps that were not asked for.
        unlike: sentences on modules that have the name of one that is a block of nlviz, and are shown as any other, by layer.
        faults: operations that were not understood; what follows from them may be missing.
        outside: maps that were used while no module of the network ran.
    """

    maps: "Maps"
    ran: dict[Seen, None] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    too_large: list[str] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    unlike: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    outside: int = 0

    def forget(self, layer: str) -> None:
        """Forget what was said of what is inside of a layer: it is shown whole."""
        self.refused = {inner: why for inner, why in self.refused.items() if not _within(inner, layer)}
        self.too_large = [inner for inner in self.too_large if not _within(inner, layer)]
        self.unlike = {inner: why for inner, why in self.unlike.items() if not _within(inner, layer)}

    def saw(self, module: Seen) -> None:
        self.ran.setdefault(module)

    @property
    def found(self) -> dict[str, int]:
        """How many maps each layer gave, in the order computed."""
        counted: dict[str, int] = {}
        for nl_map in self.maps:
            counted[nl_map.layer] = counted.get(nl_map.layer, 0) + 1
        return counted

    @property
    def without(self) -> dict[str, str]:
        """Attention-like modules that ran and gave no map, neither they nor what is inside of them: layer -> class."""
        giving = {*self.found, *self.refused, *self.too_large, *self.others}
        return {module.layer: module.kind for module in self.ran if _attends(module.kind) and not any(
            _within(layer, module.layer) or _within(module.layer, layer) for layer in giving)}

    @property
    def asked(self) -> int:
        """Maps that should be there: found, refused, too large, or missing."""
        return len(self.maps) + len(self.refused) + len(self.too_large) + len(self.without)

    @property
    def parity(self) -> list[Parity]:
        """The parity check of each map of a module that is no block of nlviz (see ``check_parity``), computed when asked for."""
        return [check_parity(None, nl_map) for nl_map in self.maps if nl_map.values is not None]

    @property
    def summary(self) -> str:
        """``24 of 24 maps``."""
        return f"{len(self.maps)} of {self.asked} maps"

    @property
    def text(self) -> str:
        """What was found where, and a sentence on everything that has no map."""
        lines = [f"{layer or 'the network itself'}: {count} map{'s' * (count > 1)}" for layer, count in self.found.items()]
        return "\n  ".join([self.summary, *lines, *self.missed, *self.unlike_lines])

    @property
    def unlike_lines(self) -> list[str]:
        """A sentence on every module that might have been a block of nlviz and is none."""
        return [f"{layer}: {why}" for layer, why in self.unlike.items()]

    @property
    def missed(self) -> list[str]:
        """A sentence on everything that has no map."""
        large = "its map is larger than the budget and has no smaller form"
        return [*(f"{layer}: {why}" for layer, why in self.refused.items()),
                *(f"{layer}: {large}; capture it alone (layers=[{layer!r}]) or raise dense_bytes" for layer in self.too_large),
                *(f"{layer}: {kind} gave no map: {self.why(kind)}" for layer, kind in self.without.items()),
                *(f"not understood: {fault}" for fault in dict.fromkeys(self.faults))]

    @staticmethod
    def why(kind: str) -> str:
        """Why a class gives no map, as far as its name tells."""
        if re.search("deform", kind, re.IGNORECASE):
            return "deformable attention samples values at places that it learned, there are no weights between positions"
        if re.search("linear", kind, re.IGNORECASE):
            return "linear attention sums values over the positions before the queries come"
        if GATES.search(kind):
            return "a gate, which multiplies value by value"
        return "no map was multiplied with values where Python can see it"


def _attends(kind: str) -> bool:
    return bool(ATTENTION_LIKE.search(kind)) and not NO_MAP_INSIDE.search(kind) and not GATES.search(kind)


def _within(layer: str, outer: str) -> bool:
    return outer == "" or layer == outer or layer.startswith(f"{outer}.")


class Maps(list):
    """The list of NLMap that a capture fills, with the report on it."""

    def __init__(self, maps: "Iterator[NLMap] | list[NLMap]" = ()):
        super().__init__(maps)
        self.report = Report(self)


class NoAttention(ValueError):
    """A pass in which no map was multiplied with values.

    Attributes:
        report: what ran.
    """

    def __init__(self, message: str, report: Report):
        super().__init__(message)
        self.report = report


def nothing_found(report: Report, layers: tuple[str, ...] | None) -> NoAttention:
    """What to say of a pass without a map."""
    kinds: dict[str, int] = {}
    for module in report.ran:
        kinds[module.kind] = kinds.get(module.kind, 0) + 1
    ran = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items(), key=lambda entry: -entry[1])[:6])
    said = [f"no map was multiplied with values in this pass, through {len(report.ran)} modules ({ran})."]
    said += [f"{layer}: {why}." for layer, why in report.refused.items()]
    said += [f"{layer}: {kind} gave no map: {report.why(kind)}." for layer, kind in report.without.items()]
    if report.too_large:
        said.append(f"The maps of {', '.join(report.too_large)} are larger than the budget: choose some (layers=) or raise "
                    "dense_bytes.")
    if report.others:
        said.append(f"There are maps in {', '.join(sorted(report.others)[:8])}, but layers={list(layers or ())} asks for none "
                    "of them.")
    if report.outside:
        said.append(f"{report.outside} maps were used while no module of the network ran: call the network itself, model(x), not "
                    "a method of it.")
    said += [f"Not understood: {fault}." for fault in dict.fromkeys(report.faults)]
    if not (report.faults or report.outside or report.refused or report.without or report.others or report.too_large):
        said.append("A network of convolutions alone has none; an attention in a kernel of its own (xformers, flash_attn) is not "
                    "seen: switch it to PyTorch's.")
    return NoAttention(" ".join(said), report)
