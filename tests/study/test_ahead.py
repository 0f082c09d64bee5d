"""While a picture runs through the networks the next one is opened, and the numbers of the one before are computed; what comes
out is the same."""

import threading

import numpy as np
import pytest
from PIL import Image

from nlviz.measures import NAMES, measure
from nlviz.models import Model
from nlviz.pictures import Preprocess
from nlviz.study import Study, measure_file, run_study, running, study
from tests.networks import bundled, network

NAMES_OF_PICTURES = ["a.png", "b.png", "c.png", "d.png"]
REPORT = ["README.md", "summary.json", "pictures.csv", "distribution.png", "measured.0.jsonl"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(1)
    for name in NAMES_OF_PICTURES:
        Image.fromarray(random.integers(0, 255, (64, 96, 3), dtype=np.uint8)).save(folder / name)
    (folder / "c.png").write_bytes(b"no picture")
    return folder


def own(picture, resolution):
    """Of somebody else: it runs in the thread of the pass."""
    assert threading.current_thread() is threading.main_thread()
    return Preprocess()(picture, resolution)


def models():
    return [bundled("msrc_gc"), bundled("msrc_criss_cross"), Model("mine", network(), own)]


@pytest.mark.parametrize("threads", [1, 3])
def test_the_report_has_the_bytes_of_one_picture_after_the_other(folder, tmp_path, monkeypatch, threads):
    monkeypatch.setattr(running, "_threads", lambda processes: threads)
    run_study(Study(models(), 96), folder, NAMES_OF_PICTURES, tmp_path / "ahead", "made", progress=iter)
    monkeypatch.setattr(running, "_in_order", lambda calls, threads: (call() for call in calls))
    run_study(Study(models(), 96), folder, NAMES_OF_PICTURES, tmp_path / "after", "made", progress=iter)
    for name in REPORT:
        assert (tmp_path / "ahead" / name).read_bytes() == (tmp_path / "after" / name).read_bytes(), name


def test_the_next_picture_is_opened_while_one_is_measured(folder, tmp_path, monkeypatch):
    open_picture, numbers, there = study.open_picture, Study._numbers, {name: threading.Event() for name in NAMES_OF_PICTURES}
    measured = []

    def opening(content, name):
        there[name].set()
        return open_picture(content, name)

    def numbering(*args):
        measured.append(there["b.png"].wait(60))
        return numbers(*args)

    monkeypatch.setattr(study, "open_picture", opening)
    monkeypatch.setattr(Study, "_numbers", numbering)
    run_study(Study([network_model()], 64), folder, ["a.png", "b.png"], tmp_path, progress=iter)
    assert measured == [True, True]


def test_the_numbers_of_a_picture_are_computed_while_the_next_one_runs(folder, tmp_path, monkeypatch):
    maps, numbers, running_now, seen = Study._maps, Study._numbers, threading.Event(), []

    def passing(self, model, picture, *args):
        if picture.name == "b.png":
            running_now.set()
        return maps(self, model, picture, *args)

    def numbering(*args):
        seen.append((running_now.wait(60), threading.current_thread() is threading.main_thread()))
        return numbers(*args)

    monkeypatch.setattr(Study, "_maps", passing)
    monkeypatch.setattr(Study, "_numbers", numbering)
    run_study(Study([network_model()], 64), folder, ["a.png", "b.png"], tmp_path, progress=iter)
    assert seen == [(True, False), (True, False)]


@pytest.mark.parametrize("cores, processes, threads", [(1, 1, 1), (2, 1, 1), (4, 1, 3), (16, 1, 4), (16, 4, 3), (4, 4, 1)])
def test_a_study_takes_what_cores_are_left_beside_the_passes(monkeypatch, cores, processes, threads):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(cores)))
    assert running._threads(processes) == threads


def network_model():
    return Model("small", network())


def test_what_a_picture_cannot_be_made_into_is_said_of_the_network(folder):
    both = [Model("broken", network(), lambda picture, resolution: 1 / 0), Model("too small", network())]
    (_, line), (_, other) = measure_file(Study(both, 3), folder / "a.png", both)
    assert line == {"failed": "ZeroDivisionError: division by zero"}
    assert other["failed"].startswith("ValueError: resolution must be")


def test_fresh_weights_are_measured_without_the_input_again(folder):
    (_, line), = measure_file(Study([bundled("msrc_embedded_gaussian")], 96), folder / "a.png", [bundled("msrc_embedded_gaussian")])
    assert list(line["maps"][0]["fresh"]) == list(NAMES[1:]) and list(line["maps"][0]["values"]) == list(NAMES)


def test_some_numbers_are_those_of_all():
    from nlviz.analysis import analyse
    from tests.pictures.drawn import quarters

    nl_map = analyse(network(), quarters(192, 112), 192).maps[0].nl_map
    whole, some = measure(nl_map), measure(nl_map, names=NAMES[1:])
    assert some.values == {name: whole.values[name] for name in NAMES[1:]} and some.added_share == whole.added_share
