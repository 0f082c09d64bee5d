"""The table of docs/networks.md: maps of other people's networks beside what they must be. ``make networks`` writes it."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from nlviz.capture import Maps, NoAttention, capture_maps, check_parity
from nlviz.maps import NLMap, Windows

from .catalogue import NETWORKS, Network

PAGE = Path(__file__).resolve().parent.parent / "docs/networks.md"
BEGIN, END = "<!-- made by make networks -->", "<!-- end -->"
REFERENCES = {"softmax": "an unfused copy's softmax", "dropped": "an unfused copy's attention dropout",
              "eager": "output_attentions", "weights": "MultiheadAttention's own", "plain": "plain recomputation", "": ""}


@dataclass(frozen=True)
class Outcome:
    """What came of one network.

    Attributes:
        found: maps captured.
        summary: ``12 of 12 maps``, of the report.
        holds: how many pass the parity check.
        difference: largest difference of a weight from the reference; None without one.
        output: largest difference of the network's output with and without capture.
        refused: layers with attention that has no map.
    """

    network: Network
    found: int
    summary: str
    holds: int
    difference: float | None
    output: float
    refused: int
    seconds: float


class Softmaxes(TorchFunctionMode):
    """Keeps what every softmax gives."""

    def __init__(self):
        super().__init__()
        self.found: list[Tensor] = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") == "softmax":
            self.found.append(out)
        return out


def examine(network: Network) -> Outcome:
    """One network, captured and compared."""
    torch.manual_seed(0)
    net, inputs = network.make(True)
    started = process_time()
    with torch.no_grad():
        expected = tensors(net(**inputs))
        found = expected
        try:
            with capture_maps(net, dense_bytes=2**30) as maps:
                found = tensors(net(**inputs))
            report = maps.report
        except NoAttention as error:
            maps, report, found = Maps(), error.report, tensors(net(**inputs))
        output = max((a - b).abs().max().item() for a, b in zip(expected, found))
        references = REFERENCE[network.reference](network, net, inputs)
    if references is not None and len(references) != len(maps):
        raise AssertionError(f"{network.name}: {len(references)} references for {len(maps)} maps")
    difference = None if references is None else max(
        distance(nl_map, reference, network.reordered) for nl_map, reference in zip(maps, references))
    modules = dict(net.named_modules())
    holds = sum(check_parity(modules.get(m.layer), m).outcome == "holds" for m in maps)
    return Outcome(network, len(maps), report.summary, holds, difference, output, len(report.refused) + len(report.without),
                   process_time() - started)


def tensors(output) -> list[Tensor]:
    """The tensors of whatever a network gives."""
    if isinstance(output, Tensor):
        return [output]
    values = output.values() if hasattr(output, "values") else output
    parts = [part for value in values for part in (tensors(value) if isinstance(value, (tuple, list)) else [value])]
    return [part for part in parts if isinstance(part, Tensor)]


def _unfused(network: Network, net: nn.Module) -> nn.Module:
    state = torch.random.get_rng_state()
    other, _ = network.make(False)
    torch.random.set_rng_state(state)
    other.load_state_dict(net.state_dict())
    return other


def _softmaxes(network: Network, net: nn.Module, inputs: dict) -> list[Tensor]:
    with Softmaxes() as kept:
        _unfused(network, net)(**inputs)
    return kept.found


def _dropped(network: Network, net: nn.Module, inputs: dict) -> list[Tensor]:
    other, found = _unfused(network, net), []
    for name, module in other.named_modules():
        if name.endswith("attn_drop"):
            module.register_forward_hook(lambda module, args, out: found.append(out))
    other(**inputs)
    return found


def _eager(network: Network, net: nn.Module, inputs: dict) -> list[Tensor]:
    output = _unfused(network, net)(**inputs, output_attentions=True)
    kinds = [output.get(kind) for kind in ("encoder_attentions", "attentions") if output.get(kind) is not None]
    found = [weights for kind in kinds for weights in kind]
    for pair in zip(output.get("decoder_attentions") or (), output.get("cross_attentions") or ()):
        found += pair
    return found


def _weights(network: Network, net: nn.Module, inputs: dict) -> list[Tensor]:
    found, hooks = [], []
    for module in net.modules():
        if isinstance(module, nn.MultiheadAttention):
            hooks.append(module.register_forward_pre_hook(lambda module, args, kwargs: (
                args, kwargs | {"need_weights": True, "average_attn_weights": False}), with_kwargs=True))
            hooks.append(module.register_forward_hook(lambda module, args, out: found.append(out[1])))
    net(**inputs)
    for hook in hooks:
        hook.remove()
    return found


REFERENCE: dict[str, Callable[[Network, nn.Module, dict], list[Tensor] | None]] = {
    "softmax": _softmaxes, "dropped": _dropped, "eager": _eager, "weights": _weights,
    "plain": lambda network, net, inputs: [net.used(inputs["x"])], "": lambda network, net, inputs: None}


def distance(nl_map: NLMap, reference: Tensor, reordered: bool = False) -> float:
    """Largest difference of a weight. Networks hold named tokens first, a map last; windows are compared in any order."""
    if isinstance(nl_map.lazy, Windows):
        inner = torch.cat([nl_map.lazy.of(window).flatten(0, 1) for window in range(len(nl_map.lazy.queries))])
        return max(_nearest(inner.flatten(1), reference.reshape(inner.shape).flatten(1)),
                   _nearest(reference.reshape(inner.shape).flatten(1), inner.flatten(1)))
    weights = nl_map.weights if nl_map.weights is not None else nl_map.lazy.dense()
    if nl_map.relates == "global":
        return (weights.flatten() - reference.flatten()).abs().max().item()
    if reordered:  # rows are compared by their sorted weights
        ones, others = (t.reshape(-1, t.shape[-1]).sort(-1)[0] for t in (weights, reference))
        return max(_nearest(ones, others), _nearest(others, ones))
    queries, keys = (len(tokens) for tokens in (nl_map.query_tokens, nl_map.key_tokens))
    ordered = reference.reshape(weights.shape).roll((-queries, -keys), (-2, -1))
    return (weights - ordered).abs().max().item()


def _nearest(ones: Tensor, others: Tensor) -> float:
    """Largest difference between one of these (R, n) and the other that is nearest to it."""
    found = 0.0
    for part in ones.split(512):
        match = others[torch.cdist(part.double(), others.double()).argmin(1)]
        found = max(found, (part - match).abs().max().item())
    return found


def line(outcome: Outcome) -> str:
    network = outcome.network
    refused = f" ({outcome.refused} refused by name)" if outcome.refused else ""
    compared = "" if outcome.difference is None else f"{outcome.difference:.0e} ({REFERENCES[network.reference]})"
    parity = f"{outcome.holds} of {outcome.found}" if outcome.found else ""
    cells = (network.name, network.library, network.maps, f"{outcome.found}{refused}", parity, compared, f"{outcome.output:.0e}")
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> int:
    lines, wrong = ["| network | from | maps expected | found | parity holds | largest difference from | of the output |",
                    "|---|---|---|---|---|---|---|"], 0
    for network in NETWORKS:
        outcome = examine(network)
        lines.append(line(outcome))
        wrong += not right(outcome)
        print(lines[-1], f"{outcome.seconds:.1f} s", "" if right(outcome) else "WRONG", flush=True)
    page = PAGE.read_text()
    before, after = page.split(BEGIN)[0], page.split(END)[1]
    PAGE.write_text(before + "\n".join([BEGIN, "", *lines, "", END]) + after)
    return int(wrong > 0)


def right(outcome: Outcome) -> bool:
    """Whether everything is as it must be: 1e-5 in float32."""
    return (outcome.found == outcome.network.maps == outcome.holds and outcome.output <= 1e-5
            and (outcome.difference is None or outcome.difference <= 1e-5))


if __name__ == "__main__":
    sys.exit(main())
