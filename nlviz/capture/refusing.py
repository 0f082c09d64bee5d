"""Networks whose passes nobody can watch: refused with the way out, or run so that they can be watched."""

import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn


class CannotReplace(ValueError):
    """A map whose rows cannot be replaced as asked; the message names its layer and says why."""


class Unwatchable(ValueError):
    """The network cannot be watched as it is; the message says what to capture instead."""


def check_watchable(model: nn.Module) -> None:
    """Raise where a pass of the model, or of a part of it, cannot be seen.

    Raises:
        Unwatchable: it is scripted, traced or exported, or no module at all.
    """
    if not isinstance(model, nn.Module):
        raise Unwatchable(f"capture_maps watches a torch.nn.Module, got {type(model).__name__}"
                          f"{_way_out(type(model).__name__)}")
    for name, module in model.named_modules():
        what = _unseen(module)
        if what:
            where = f"its part {name!r}" if name else "the network"
            raise Unwatchable(f"{where} is {what}: its operations run outside of Python, where no map can be seen. "
                              "Capture the module that it was made from.")


def _way_out(kind: str) -> str:
    if kind == "ExportedProgram":
        return ": capture the module that was exported"
    return ": capture the module that is compiled, not the function" if kind == "function" else ""


def _unseen(module: nn.Module) -> str | None:
    if isinstance(module, torch.jit.ScriptModule):
        return "scripted or traced (torch.jit)"
    if isinstance(module, torch.fx.GraphModule) and any(
            isinstance(node.target, torch._ops.OpOverload) for node in module.graph.nodes):
        return "exported (torch.export)"
    return None


@contextmanager
def run_as_written(model: nn.Module) -> Iterator[None]:
    """Whatever ``torch.compile`` made runs as the Python it was made from: compiled code has no operations to see.

    Raises:
        Unwatchable: a PyTorch before 2.6, which cannot be told so, and a network that is compiled.
    """
    if "torch._dynamo" not in sys.modules:  # nothing was compiled, and importing it takes seconds
        yield
    elif hasattr(torch.compiler, "set_stance"):
        with torch.compiler.set_stance("force_eager"), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Using `torch.compile.* when there are global hooks")  # it runs no compiled code
            yield
    else:
        if any(hasattr(m, "_orig_mod") or getattr(m, "_compiled_call_impl", None) for m in model.modules()):
            raise Unwatchable("the network is compiled (torch.compile), and this PyTorch cannot run it as it was written: "
                              "capture the module that was compiled (compiled._orig_mod)")
        yield


def names_of(model: nn.Module) -> dict[int, str]:
    """The dotted name of every module by its id, without the layer that ``torch.compile`` puts around one."""
    return {id(module): ".".join(part for part in name.split(".") if part != "_orig_mod")
            for name, module in model.named_modules()}


def check_layers(model: nn.Module, layers: Sequence[str] | None) -> None:
    """Raise ValueError where there is no such layer; the message says which there are."""
    names = set(names_of(model).values()) if layers else set()
    for name in layers or ():
        if name not in names:
            like = sorted(n for n in names if name.rsplit(".")[-1] in n.split("."))[:6] or sorted(names)[1:7]
            raise ValueError(f"the network has no layer {name!r}; it has {', '.join(map(repr, like))}, ...")


def explained(error: Exception, model: nn.Module, follower) -> Exception:
    """An error of a pass, in words where the input lies on another device than the model."""
    devices = {t.device for t in (*model.parameters(), *model.buffers())}
    other = follower.devices - devices if follower is not None else set()
    if not other or not devices:
        return error
    here, there = (" and ".join(sorted(map(str, found))) for found in (devices, other))
    return ValueError(f"the network is on {here}, its input on {there}: move one of them, x.to({here!r}) or model.to({there!r})")
