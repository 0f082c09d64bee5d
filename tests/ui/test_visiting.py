"""What visitors brought along is bounded, in number, in memory and in time."""

import time
import weakref

import pytest

from nlviz.models import ModelError
from nlviz.pictures import noise
from nlviz.ui import Limits, visiting
from nlviz.ui.brought import file_name
from nlviz.ui.presets import Listed
from nlviz.ui.store import Store
from nlviz.ui.visiting import FRESH, GRACE, IDLE, Full, Visiting
from tests.guarded.here import HereReader
from tests.guarded.tiny import known, tiny_file
from tests.ui.own import ANSWERS, TINY


@pytest.fixture
def store(monkeypatch):
    known(monkeypatch)
    monkeypatch.setattr(visiting, "Reader", HereReader)
    return Store({}, limits=Limits(checkpoint_mb=1, visits=4))


def bring(there: Visiting, visit: str, seed: int = 0, answers=ANSWERS):
    file = there.incoming(visit, "net.pth")
    tiny_file(file.path, seed)
    list(there.read(visit, file, lambda: True))
    return there.add(visit, file, answers, set())


def test_a_network_and_its_maps_leave_the_memory_with_the_visit(store):
    own = bring(store.visiting, "a")
    analysis = store.analyse(noise(64), TINY, 64, "a")
    model, folder = weakref.ref(analysis.model), own.file.folder
    assert folder.is_dir() and store.find(noise(64).sha256, "noise", TINY, 64, "a") is analysis
    del analysis
    store.visiting.end("a")
    assert model() is None and not store._analyses and not folder.exists() and store.visiting.of("a") == []


def test_maps_that_come_after_their_network_was_removed_are_not_kept(store, monkeypatch):
    bring(store.visiting, "a")
    build = store.visiting.model

    def removed_meanwhile(own):
        model = build(own)
        store.visiting.remove("a", TINY)
        return model

    monkeypatch.setattr(store.visiting, "model", removed_meanwhile)
    assert store.analyse(noise(64), TINY, 64, "a") and not store._analyses


def test_a_pass_that_takes_too_many_operations_is_refused_in_words(monkeypatch):
    known(monkeypatch)
    monkeypatch.setattr(visiting, "Reader", HereReader)
    store = Store({}, limits=Limits(pass_gigaflops=1))
    bring(store.visiting, "a")
    assert store.analyse(noise(64), TINY, 64, "a")
    with pytest.raises(ModelError, match=r"net\.pth: a pass on 2048 px takes some [0-9,]+ billion operations; .* to 1\. "):
        store.analyse(noise(64), TINY, 2048, "a")


def test_a_visit_ends_a_while_after_its_page_was_closed_unless_it_asks_for_something(store):
    there, now = store.visiting, time.monotonic()
    bring(there, "a"), bring(there, "b")
    there.leave("a"), there.leave("b"), there.leave("nobody")
    there.touch("b")
    there.sweep(now + GRACE - 5)
    assert there.of("a")
    there.sweep(now + GRACE + 5)
    assert not there.of("a") and there.of("b")
    there.sweep(time.monotonic() + IDLE + 1)
    assert not there.of("b")


def test_where_all_places_are_taken_those_unused_for_a_while_give_way_and_others_do_not(store):
    there = store.visiting
    for visit in "abcd":
        bring(there, visit)
    with pytest.raises(Full, match="Many visitors have networks here"):
        there.incoming("e", "net.pth")
    there._visits["b"].used -= FRESH + 1
    there.incoming("e", "net.pth")
    assert [bool(there.of(visit)) for visit in "abcd"] == [True, False, True, True]


def test_networks_leave_the_memory_when_many_are_loaded_and_are_built_again_when_they_are_asked_for(store, monkeypatch):
    there = store.visiting
    first, second = bring(there, "a"), bring(there, "b")
    model = there.model(first)
    monkeypatch.setattr(visiting, "MEMORY", first.nbytes * 1.5 / 2**20)
    there.model(second)
    assert first.model is None and second.model is not None
    assert there.model(first) is not model and second.model is None


def test_a_file_that_is_compared_nowhere_gives_way_to_the_next(store):
    there = store.visiting
    one = there.incoming("a", "net.pth")
    other = there.incoming("a", "net.pth")
    assert not one.folder.exists() and other.folder.exists()
    own = bring(there, "a")
    there.incoming("a", "net.pth")
    assert own.file.folder.exists()


def test_two_files_of_one_name_are_told_apart(store):
    there = store.visiting
    assert [bring(there, "a", seed).name for seed in range(2)] == [TINY, TINY.replace("net.pth", "net (2).pth")]
    said = "mode: embedded gaussian, use scale: yes"
    assert there.of("a")[0].listed == Listed("net", TINY, data=said)


@pytest.mark.parametrize("name, plain", [
    ("net.pth", "net.pth"), ("../../etc/x.pth", "x.pth"), ("a,b;c?d@3.pt", "a_b_c_d@3.pt"), ("a\nb\u202ec.pth", "a_b_c.pth"),
    ("", "checkpoint"), ("n" * 400 + ".safetensors", "n" * 108 + ".safetensors"), ("netz für alle.pth", "netz für alle.pth"),
    ("mine minus yours.pth", "mine_minus_yours.pth")])
def test_a_files_name_stays_on_its_line_in_an_address_and_in_a_recipe(name, plain):
    assert file_name(name) == plain
