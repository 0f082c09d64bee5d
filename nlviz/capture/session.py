"""One capture: which module runs in which thread, what was found in it, and what has to be said of the rest."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook

from ..blocks import Block
from ..maps import SEEN, LazyMap, NLMap, Windows, seen
from .arranging import Arranged, arranged
from .evidence import Evidence
from .following import Follower
from .known import Known, compared, maps_of_match, met, output_of
from .refusing import names_of
from .report import Maps, Seen
from .shaping import heads_of, held, of_all, of_channels, same, steps, sums_to_one
from .watching import in_transform, precision, recomputing


class Running(threading.local):
    """Of each thread: the modules that run, the innermost last, and who follows its operations."""

    def __init__(self):
        self.modules: list[nn.Module] = []
        self.follower: Follower | None = None
        self.outermost: nn.Module | None = None
        self.calls: dict[int, int] = {}
        self.blocks = 0  # of those modules, blocks that are watched themselves
        self.maps = 0  # of this pass so far
        self.known: list[Known] = []  # of those modules, those of other libraries that may be blocks, the innermost last


class Session:
    """What a capture knows while it lasts. Nothing of it is on the model: the hooks are PyTorch's global ones.

    Args:
        model: what is watched.
        maps: where maps go.
        dense_bytes, layers, grid: as in ``capture_maps``.
    """

    gradients = False  # whether what is found takes part in those of the pass

    def __init__(self, model: nn.Module, maps: Maps, dense_bytes: int, layers: tuple[str, ...] | None,
                 grid: tuple[int, ...] | None):
        self.maps, self.dense_bytes, self.layers, self.grid = maps, dense_bytes, layers, grid
        self.names = names_of(model)
        self.weights = _weights(model)
        self.running = Running()

    def wants(self, layer: str) -> bool:
        return self.layers is None or any(layer == name or layer.startswith(f"{name}.") for name in self.layers)

    # -- modules

    def hooks(self) -> list:
        return [register_module_forward_pre_hook(self._enter), register_module_forward_hook(self._leave, always_call=True)]

    def follow_here(self) -> Follower:
        """Who follows the operations of this thread."""
        running = self.running
        running.follower = Follower(self.weights, self._found, self._took_back, self._inside,
                                    lambda: not running.modules, self.gradients)
        return running.follower

    def _inside(self) -> bool:
        return not self.running.blocks

    def _enter(self, module: nn.Module, args: tuple) -> None:
        if id(module) not in self.names or recomputing():
            return
        running = self.running
        if running.follower is None:
            self.follow_here().__enter__()
            running.outermost = module
        if not running.modules:
            running.follower.tags.batch = None
            running.follower.known.clear()
            running.known.clear()
            running.maps = 0
        running.modules.append(module)
        running.blocks += isinstance(module, Block)
        self._meet(module, args)
        running.calls[id(module)] = 0
        self.maps.report.saw(Seen(self.names[id(module)], type(module).__name__))

    def _leave(self, module: nn.Module, args: tuple, output) -> object | None:
        running = self.running
        if module not in running.modules or recomputing():
            return None
        last = known = instead = None
        while last is not module:
            last = running.modules.pop()
            running.blocks -= isinstance(last, Block)
            if running.known and running.known[-1].module is last:
                known = running.known.pop()
                running.blocks -= known.taken
        z = output_of(output)
        if known is not None and known.module is module and z is not None:
            instead = self._knew(known, args[0], z)
        if isinstance(module, Block) and z is not None and running.follower is not None:
            if args and isinstance(args[0], Tensor):
                running.follower.after_block(args[0], z)
        if running.outermost is module and not running.modules:
            self.maps.report.faults += running.follower.faults
            running.follower.__exit__(None, None, None)
            running.follower = running.outermost = None
        return instead if instead is None or z is output else (instead, *output[1:])

    # -- modules of other libraries that are blocks of nlviz

    def _meet(self, module: nn.Module, args: tuple) -> None:
        """A module begins: keep its input where it may be a block of nlviz."""
        running, layer = self.running, self.names[id(module)]
        known = None if running.blocks or in_transform() or not self.wants(layer) else met(module, layer, args)
        if known is not None:
            known.faults = len(running.follower.faults)
            running.known.append(known)

    def _knew(self, known: Known, x: Tensor, z: Tensor) -> Tensor | None:
        """It ends: show it as the block, or say why not. Gives what goes on in the place of z, if anything."""
        with self._apart():
            found = compared(known, z)
            if isinstance(found, str):
                self.maps.report.unlike[known.layer] = f"{type(known.module).__name__} is shown as any other attention: {found}"
                return None
            self._drop(known.inside)
            self.maps.report.forget(known.layer)
            del self.running.follower.faults[known.faults:]
            self._add(maps_of_match(known, found, z, self.left()))
        self.running.follower.after_block(x, z)
        return None

    @contextmanager
    def _apart(self) -> Iterator[None]:
        """What runs inside is not the network's, and not followed."""
        self.running.blocks += 1
        try:
            yield
        finally:
            self.running.blocks -= 1

    def _drop(self, maps: list[NLMap]) -> None:
        dropped = {id(nl_map) for nl_map in maps}
        self.maps[:] = [nl_map for nl_map in self.maps if id(nl_map) not in dropped]

    def _add(self, maps: list[NLMap]) -> None:
        self.maps.extend(maps)
        for known in self.running.known:
            known.inside += maps

    def ended(self) -> None:
        """What is left to say when the capture is over; a module that raised leaves nothing on."""
        follower = self.running.follower
        if follower is not None:
            self.maps.report.faults += follower.faults
        self.running.modules.clear()
        self.running.known.clear()
        self.running.blocks = 0

    # -- maps

    def _found(self, evidence: Evidence) -> object | None:
        if in_transform():
            raise ValueError("inside of a transform of torch.func (vmap, grad, ...) no value can be kept; call the network itself")
        if not self.running.modules or recomputing():
            self.maps.report.outside += not recomputing()
            return None
        module = self.running.modules[-1]
        layer = self.names[id(module)]
        number = self.running.calls[id(module)]
        self.running.calls[id(module)] += 1
        if not self.wants(layer):
            self.maps.report.others.add(layer)
            return None
        follower = self.running.follower
        found = arranged(evidence, follower.tags.tokens, follower.tags.batch, self.grid, follower.known)
        nl_map = self._nl_map(layer, module, number, evidence, found)
        if nl_map is None:
            self.maps.report.too_large.append(layer)
            return None
        self._add([nl_map])
        placed = evidence.pair or evidence.rows is not None or evidence.centre is not None or evidence.product.shape[-2] == 1
        return None if placed else nl_map

    def _took_back(self, nl_map: NLMap | None, why: str) -> None:
        if not self.running.modules:
            return
        layer = self.names[id(self.running.modules[-1])]
        if nl_map is not None:
            layer = nl_map.layer
            self._drop([nl_map])
        self.maps.report.refused[layer] = why

    def left(self) -> int:
        """Bytes left for dense maps."""
        return self.dense_bytes - sum(held(m) for m in list(self.maps))

    def _nl_map(self, layer: str, module: nn.Module, number: int, e: Evidence, a: Arranged) -> NLMap | None:
        weights, lazy = self._afforded(a)
        if weights is None and lazy is None:
            return None
        common = dict(layer=layer, block=type(module).__name__, part="" if number == 0 else f"product {number + 1}", number=number,
                      input=None, output=None, precision=precision([e.values, e.product]), notes=a.notes)
        heads = heads_of(weights, lazy)
        rows = "distribution" if sums_to_one(weights, lazy, e) else "raw"
        if e.over == "channels":
            return of_channels(common, weights, lazy, a, rows, heads)
        if not e.pair and a.queries.size == 1 and heads == 1 and weights is not None:
            return of_all(common, weights, a, rows)
        q, k = a.queries, a.keys
        sees = seen(lazy, q.grid, k.grid)
        common["notes"] += (SEEN[sees],) if sees else ()
        return NLMap(**common, relates="positions", rows=rows, query_grid=q.grid, key_grid=k.grid,
                     query_stride=steps(q.stride, q.grid), key_stride=steps(k.stride, k.grid), weights=weights, lazy=lazy,
                     used=lazy if weights is None else weights, heads=heads, query_tokens=q.tokens, key_tokens=k.tokens,
                     picture=q.picture or k.picture, values=a.values, product=a.product)

    def _afforded(self, a: Arranged) -> tuple[Tensor | None, LazyMap | None]:
        """What the budget allows of a map: dense, else its smaller form, else nothing."""
        left, lazy = self.left(), a.lazy
        if isinstance(lazy, Windows):
            if lazy.held <= left:
                return None, lazy
            spare = a.spare()
            return None, spare if spare is not None and same(spare, lazy.rows(0, 8)) else None
        if lazy is not None and a.weights is not None and not same(lazy, a.weights):
            lazy = None  # not all that made the map was understood
        if a.weights is not None and a.weights.nbytes <= left:
            return a.weights, lazy
        if lazy is not None:
            return (lazy.dense() if lazy.nbytes <= left else None), lazy
        spare = a.spare()
        return None, spare if spare is not None and same(spare, a.weights) else None


def _weights(model: nn.Module) -> dict[int, str]:
    """Names of parameters, buffers and other tensors that lie on modules, by id."""
    found: dict[int, str] = {}
    for name, module in model.named_modules():
        lying = {key: value for key, value in vars(module).items() if isinstance(value, Tensor)}
        for key, value in (*module._parameters.items(), *module._buffers.items(), *lying.items()):
            if value is not None:
                found.setdefault(id(value), f"{name}.{key}" if name else key)
    return found
