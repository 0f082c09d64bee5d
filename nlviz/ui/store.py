"""What the server keeps between two events: loaded networks, and a bounded number of analyses."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from ..analysis import Analysis, analyse, difference
from ..guarded import operations
from ..models import Minus, Model, sides_of
from ..pictures import Picture
from ..snapshots import PICTURE, Recorded
from .limits import Limits
from .seals import Seals
from .turns import Turns
from .visiting import Visiting

STORE_BYTES = 512 * 2**20


class Store:
    """Networks by name, each loaded once, and the latest analyses up to a byte budget.

    An analysis is kept by the sha256 of its picture's pixels: two people with the same pixels share it, but each sees their
    own file's name. Links and recipes publish that sha256, so what a visitor asks for is found by ``seals`` only.

    Beside the page's networks stand those that a visit brought along (``visiting``): its own, whatever their names, and the maps
    of them are kept and found for that visit alone.

    Args:
        loaders: name -> function that makes the model.
        limits: what visitors may ask for; events keep to them.
    """

    def __init__(self, loaders: dict[str, Callable[[], Model]], max_bytes: int = STORE_BYTES, limits: Limits | None = None):
        self._loaders, self._max_bytes, self.limits = loaders, max_bytes, limits or Limits()
        self.seals, self.turns = Seals(), Turns(self.limits.requests)
        self._models: dict[str, Model] = {}
        self._analyses: OrderedDict[tuple[str, str, str, int], Analysis] = OrderedDict()
        self._lock = threading.RLock()
        self.visiting = Visiting(self.limits, self.forget)

    @property
    def names(self) -> set[str]:
        """The names of the page's networks."""
        return set(self._loaders)

    def model(self, name: str, visit: str = "") -> Model:
        """The network of that name, of the page or of this visit, or the difference of two; KeyError lists those that exist."""
        if self._is_difference(name, visit):
            return Minus(*(self.model(side, visit) for side in sides_of(name)))
        if own := self.visiting.find(visit, name):
            return self.visiting.model(own)
        if name not in self._loaders:
            raise KeyError(f"no network is called {name!r}; there are: {', '.join(self._loaders)}")
        with self._lock:
            if name not in self._models:
                self._models[name] = self._loaders[name]()
            return self._models[name]

    def _is_difference(self, name: str, visit: str) -> bool:
        """Of two networks of the page or the visit; one that the page's owner named is loaded as any other."""
        return name not in self._loaders and not self.visiting.find(visit, name) and sides_of(name) is not None

    def name_of(self, text: str) -> str:
        """What the page calls the network that recipes call by where it comes from."""
        return next((name for name, loader in self._loaders.items() if getattr(loader, "given", None) == text), text)

    def analyse(self, picture: Picture, name: str, resolution: int, visit: str = "", request: object = None) -> Analysis:
        """The analysis of a picture, kept from before or made now, when it is the visit's turn.

        Raises:
            Overtaken: the request is no longer the newest of the visit.
            ModelError: a pass of the visit's own network takes more than is for visitors.
        """
        if self._is_difference(name, visit):
            return difference(*(self.analyse(picture, side, resolution, visit, request) for side in sides_of(name)))
        sha256 = picture.sha256
        if found := self.find(sha256, picture.name, name, resolution, visit):
            return found
        with self.turns.turn(visit, request):  # whoever asks for the same meanwhile finds it done
            found = self.find(sha256, picture.name, name, resolution, visit)
            if found is None:
                own = self.visiting.find(visit, name)
                self.check_pass(visit, name, resolution, len(getattr(picture, "frames", "1")))
                model = self.model(name, visit)
                found = model.analysis_of(picture) if isinstance(model, Recorded) else analyse(model, picture, resolution)
                with self._lock:
                    self._analyses[sha256, own.visit if own else "", name, resolution] = found
                    self._forget_oldest()
                if own and self.visiting.find(visit, name) is not own:  # its visitor has removed it meanwhile
                    self.forget(visit, name)
        return found

    def check_pass(self, visit: str, name: str, resolution: int, frames: int = 1) -> None:
        """Raise ModelError where a pass of the visit's own network takes more than is for visitors."""
        if own := self.visiting.find(visit, name):
            self.limits.check_pass(own.file.name, operations(own.file.told, resolution, frames), resolution)

    def forget(self, visit: str, name: str) -> None:
        """Keep no maps of a visit's own network."""
        with self._lock:
            for key in [key for key in self._analyses if key[1:3] == (visit, name)]:
                del self._analyses[key]

    def find(self, sha256: str, picture_name: str, name: str, resolution: int, visit: str = "") -> Analysis | None:
        """An analysis that is still kept, its picture called ``picture_name``, that of snapshots by its own name; or None."""
        if self._is_difference(name, visit):
            both = [self.find(sha256, picture_name, side, resolution, visit) for side in sides_of(name)]
            return difference(*both) if all(both) else None
        key = sha256, visit if self.visiting.find(visit, name) else "", name, resolution
        with self._lock:
            found = self._analyses.get(key)
            if found is None:
                return None
            self._analyses.move_to_end(key)
            if found.picture.name == picture_name or (picture_name == PICTURE and isinstance(found.model, Recorded)):
                return found
            return replace(found, picture=replace(found.picture, name=picture_name))

    def _forget_oldest(self) -> None:
        while len(self._analyses) > 1 and sum(a.nbytes for a in self._analyses.values()) > self._max_bytes:
            self._analyses.popitem(last=False)
