"""Fair shares: turns in the order of asking, a newer request ends the older, few requests of a visit at once."""

import threading
from functools import partial

import pytest

from nlviz.ui.turns import Busy, Overtaken, Turns

WAIT = 60  # seconds; a slow machine is no failure


def waiting(turns, count):
    """Wait until so many stand in line."""
    with turns._changed:
        assert turns._changed.wait_for(lambda: len(turns._line) == count, WAIT)


def started(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def turns():
    """Turns that also tell when somebody joins the line."""
    class Told(Turns):
        class Line(list):
            def append(self, one):
                super().append(one)
                self.changed.notify_all()

        def __init__(self, *args):
            super().__init__(*args)
            self._line = self.Line()
            self._line.changed = self._changed

    return Told()


def test_turns_are_taken_in_the_order_of_asking(turns):
    taken, threads = [], []

    def work(name):
        with turns.turn(name, turns.begin(name)):
            taken.append(name)

    with turns.turn():
        for at, name in enumerate("abc", 2):
            threads.append(started(lambda name=name: work(name)))
            waiting(turns, at)
        assert taken == []
    for thread in threads:
        thread.join(WAIT)
    assert taken == ["a", "b", "c"]


def test_one_with_little_to_do_does_not_wait_for_all_of_somebody_elses(turns):
    """Each network is one turn: after it, who asked meanwhile comes first."""
    taken, first = [], threading.Event()

    def much():
        request = turns.begin("much")
        for number in range(4):
            with turns.turn("much", request):
                taken.append(f"much {number}")
                first.set()
                if number == 0:
                    waiting(turns, 2)  # until the other has asked

    busy = started(much)
    assert first.wait(WAIT)
    with turns.turn("little", turns.begin("little")):
        taken.append("little")
    busy.join(WAIT)
    assert taken == ["much 0", "little", "much 1", "much 2", "much 3"]


def test_a_newer_request_sends_the_older_one_out_of_the_line_at_once(turns):
    ended = []

    def older(request):
        with pytest.raises(Overtaken), turns.turn("visit", request):
            pass
        ended.append("older")

    with turns.turn():  # somebody else has the machine, and keeps it
        request = turns.begin("visit")
        thread = started(lambda: older(request))
        waiting(turns, 2)
        turns.begin("another visit")
        assert ended == [] and thread.is_alive()
        turns.begin("visit")
        thread.join(WAIT)
        assert ended == ["older"]
        waiting(turns, 1)


def test_who_fails_leaves_the_line(turns):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), turns.turn():
            raise ZeroDivisionError
    waiting(turns, 0)


def test_few_requests_of_a_visit_and_of_all_run_at_once():
    turns = Turns(requests=1, all_requests=2)
    with turns.one_of_few("a"):
        with pytest.raises(Busy, match="you have 1 requests running"), turns.one_of_few("a"):
            pass
        with turns.one_of_few("b"):
            with pytest.raises(Busy, match="many visitors"), turns.one_of_few("c"):
                pass
        with turns.one_of_few("c"):
            pass
    with turns.one_of_few("a"):
        pass
    assert not turns._asked


def test_no_visit_is_remembered_for_ever(monkeypatch):
    monkeypatch.setattr("nlviz.ui.turns.REMEMBERED", 3)
    turns = Turns()
    requests = {str(at): turns.begin(str(at)) for at in range(10)}
    assert [at for at, request in requests.items() if turns.is_newest(at, request)] == ["7", "8", "9"]


def test_one_picture_of_a_visit_is_opened_at_a_time_and_the_older_are_not_waited_for(turns):
    opened = []

    def work(visit, request):
        try:
            with turns.opening(visit, request):
                opened.append(visit)
        except Overtaken:
            opened.append("overtaken")

    with turns.opening("a", turns.begin("a")):
        started(lambda: work("b", turns.begin("b"))).join(WAIT)
        assert opened == ["b"]
        older, newest = (started(partial(work, "a", turns.begin("a"))) for _ in range(2))
        older.join(WAIT)
        assert opened == ["b", "overtaken"] and newest.is_alive()
    newest.join(WAIT)
    assert opened == ["b", "overtaken", "a"] and not turns._opening


def test_a_request_that_was_overtaken_while_its_picture_was_opened_goes_no_further(turns):
    with pytest.raises(Overtaken), turns.newest("a") as request, turns.opening("a", request):
        turns.begin("a")
    with turns.newest("a") as request, turns.opening("a", request):
        turns.begin("b")
