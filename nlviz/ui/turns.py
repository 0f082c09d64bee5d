"""Fair shares of one machine: visits take turns, and a visit's newer request ends its older one."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

REMEMBERED = 10_000  # visits


class Overtaken(Exception):
    """The visit has asked for something newer."""


class Busy(ValueError):
    """Too much is asked for at once; the message says what to do."""


class Turns:
    """Who may run a network now: one at a time, in the order in which they came, each for one network.

    Whoever wants another one goes to the end of the line, so somebody with one network never waits for all of somebody else's.

    Args:
        requests: of one visit at once, see ``one_of_few``.
        all_requests: of all visits together.
    """

    def __init__(self, requests: int = 4, all_requests: int = 16):
        self._newest: OrderedDict[str, object] = OrderedDict()
        self._line: list[object] = []
        self._changed = threading.Condition()
        self._asked: Counter[str] = Counter()
        self._opening: set[str] = set()
        self._requests, self._all_requests = requests, all_requests

    def begin(self, visit: str) -> object:
        """A request that is from now on the visit's newest."""
        request = object()
        with self._changed:
            self._newest[visit] = request
            self._newest.move_to_end(visit)
            if len(self._newest) > REMEMBERED:
                self._newest.popitem(last=False)
            self._changed.notify_all()
        return request

    def is_newest(self, visit: str, request: object) -> bool:
        return self._newest.get(visit) is request

    @contextmanager
    def newest(self, visit: str) -> Iterator[object]:
        """A request that is the visit's newest from beginning to end.

        Raises:
            Overtaken: at the end it no longer is.
        """
        request = self.begin(visit)
        yield request
        if not self.is_newest(visit, request):
            raise Overtaken

    @contextmanager
    def turn(self, visit: str = "", request: object = None) -> Iterator[None]:
        """Wait in line, then have the machine.

        Raises:
            Overtaken: the request is no longer its visit's newest; it is not waited for.
        """
        me = object()
        with self._changed:
            self._line.append(me)
            self._changed.wait_for(lambda: self._line[0] is me or self._overtaken(visit, request))
            if self._overtaken(visit, request):
                self._leave(me)
                raise Overtaken
        try:
            yield
        finally:
            with self._changed:
                self._leave(me)

    def let_others(self) -> None:
        """Whoever waits in line goes first: between two passes of a request that takes many."""
        with self.turn():
            pass

    def _overtaken(self, visit: str, request: object) -> bool:
        return request is not None and not self.is_newest(visit, request)

    def _leave(self, me: object) -> None:
        self._line.remove(me)
        self._changed.notify_all()

    @contextmanager
    def opening(self, visit: str, request: object = None) -> Iterator[None]:
        """Open a picture, when none of the visit's is being opened, so that slow ones of one visit never take all decoders.

        Raises:
            Overtaken: the request is no longer its visit's newest; it is not waited for.
        """
        with self._changed:
            self._changed.wait_for(lambda: visit not in self._opening or self._overtaken(visit, request))
            if self._overtaken(visit, request):
                raise Overtaken
            self._opening.add(visit)
        try:
            yield
        finally:
            with self._changed:
                self._opening.remove(visit)
                self._changed.notify_all()

    @contextmanager
    def one_of_few(self, visit: str) -> Iterator[None]:
        """A request for a figure or a number: few of a visit at once, so that one visit never takes all of the server's threads.

        Raises:
            Busy: the visit, or all together, have as many already.
        """
        with self._changed:
            if self._asked[visit] >= self._requests:
                raise Busy(f"you have {self._requests} requests running already. Wait for one of them, then try again.")
            if self._asked.total() >= self._all_requests:
                raise Busy("many visitors are at work. Try again in a moment.")
            self._asked[visit] += 1
        try:
            yield
        finally:
            with self._changed:
                self._asked[visit] -= 1
                self._asked += Counter()  # forgets those at zero
