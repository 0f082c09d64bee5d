"""The attacks' judge is strict, and what it judges is made from a seed."""

import json
import random
import time
from types import SimpleNamespace

import httpx
import pytest

from attack import __main__ as program
from attack.answers import followed
from attack.judging import Answer, Outcome, Wrong, attempt, what_is_wrong
from attack.odd import crippled
from attack.pictures import KINDS
from attack.recipes import GOOD, link
from attack.running import Ran, told
from attack.table import Row, table
from attack.whole import check_folder

SENTENCE = "photo.png: the file is empty (0 bytes). Choose another picture."


@pytest.mark.parametrize("answer, wrong", [
    (Answer(SENTENCE), ""), (Answer(shown=True), ""), (Answer("Its EXIF data cannot be read.", True), ""),
    (Answer(), "nothing was said"), (Answer("Error"), "no sentence"), (Answer(f"{SENTENCE}\n{SENTENCE}"), "several lines"),
    (Answer("it failed: TypeError: 'int' object is not iterable"), "inside"), (Answer("see line one, line 12, in f"), "inside"),
    (Answer('File "views.py" was at fault here'), "inside"), (Answer("no such name: " + "x" * 3000), "3014 characters")], ids=str)
def test_an_answer_is_a_result_or_one_sentence_for_people(answer, wrong):
    assert wrong in what_is_wrong(answer) and bool(wrong) == bool(what_is_wrong(answer))


def test_a_refusal_is_the_only_right_answer_to_who_asks_for_what_is_not_theirs():
    assert "else's data" in what_is_wrong(Answer(shown=True), refused=True) and not what_is_wrong(Answer(SENTENCE), refused=True)


def raising(error: Exception):
    def do(*_):
        raise error

    return do


@pytest.mark.parametrize("error, why", [
    (httpx.ReadTimeout(""), "hangs"), (httpx.RemoteProtocolError(""), "crash"), (Wrong("leak"), "leak")])
def test_no_answer_is_wrong(error, why):
    outcome = attempt("a", raising(error))
    assert outcome.verdict == "wrong" and why in outcome.why


LINE = "nlviz: no folder none\n"


@pytest.mark.parametrize("code, err, right", [
    (2, LINE, True), (0, "", True), (1, LINE, False), (2, "", False), (2, LINE + "and more\n", False), (-11, "", False),
    (2, "Traceback (most recent call last):\nKeyError: 3\n", False),
    (2, f"epoch 1/2: 0batch [00:00, ?batch/s]\n{LINE}", True),
    (2, f"study:  10%|#   | 1/10 [00:01<00:09, 1.0it/s]\r{LINE}", True)])
def test_a_command_says_one_line_of_its_own_or_is_wrong(code, err, right):
    outcome = attempt("a", lambda: told(Ran(code, err, 0.0, 0.0)))
    assert (outcome.verdict != "wrong") == right


def test_a_file_that_is_cut_is_half_written(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps({"a": 1}))
    check_folder(tmp_path)
    (tmp_path / "a.json").write_text('{"a": ')
    with pytest.raises(Wrong, match=r"half-written: a\.json"):
        check_folder(tmp_path)


@pytest.mark.parametrize("make", KINDS, ids=lambda make: make.__name__)
def test_a_seed_gives_the_same_pictures_and_another_seed_others(make):
    made = [[make(chance) for _ in range(6)] for chance in map(random.Random, (1, 1, 2))]
    assert made[0] == made[1] != made[2]


def test_no_crippled_recipe_is_the_good_one():
    chance = random.Random(0)
    found = [repr(crippled(chance, GOOD)) for _ in range(50)]
    assert repr(GOOD) not in found and len(set(found)) > 40 and link(chance).startswith("#")


def test_what_gradio_sends_piece_by_piece_is_put_together():
    whole = {"msg": "process_generating", "success": True, "output": {"data": [{"busy": "1 of 2"}]}}
    steps = [["delete", ["busy"], None], ["add", ["message"], SENTENCE]]
    change = {"msg": "process_generating", "success": True, "output": {"data": [steps]}}
    end = {"msg": "process_completed", "success": True, "output": {"data": [[]]}}
    assert followed([whole, change, end]) == ({"message": SENTENCE}, None)
    assert followed([{"msg": "process_completed", "success": False, "output": {"error": None}}]) == (None, "")


def test_the_table_counts_and_names_what_is_wrong():
    row = Row("pictures", [Outcome("bomb: a", "explained", "", 1.5), Outcome("bomb: b", "wrong", "hangs", 30.0),
                           Outcome("thin: c", "harmless", "", 0.1)], memory=812.4, logged=2, stopped=True)
    printed = table([row])
    assert "| pictures | 3* | 1 | 1 | 1 | 30.0 | 812 | 2 |" in printed and "1 x bomb: b: hangs" in printed


class Served:
    """A page that nobody attacks: whether fresh visitors see it is told."""

    peak, started = 0.0, 0

    def __init__(self, well: bool):
        self.well = well

    def tracebacks(self) -> int:
        return 0

    def welcome(self) -> Answer:
        return Answer(shown=True) if self.well else raising(Wrong("a fresh visitor sees no map"))()

    def restart(self) -> None:
        self.started += 1


def one_kind(monkeypatch, run) -> None:
    """What a kind of attack does instead."""
    monkeypatch.setattr(program.importlib, "import_module", lambda name: SimpleNamespace(run=run))


@pytest.mark.parametrize("well", [True, False])
def test_a_kind_is_wrong_where_a_fresh_visitor_sees_nothing_after_it(well, tmp_path, monkeypatch):
    one_kind(monkeypatch, lambda field: iter([Outcome("a", "explained")]))
    row, server = Row("pictures"), Served(well)
    program.run(program.Field(tmp_path, random.Random(0), _server=server), row)
    assert (not row.wrong) == well and server.started == (not well)


def test_a_kind_ends_when_its_time_does(tmp_path, monkeypatch):
    def run(field):
        while True:
            yield attempt("a", lambda: Answer(shown=True))

    one_kind(monkeypatch, run)
    monkeypatch.setitem(program.KINDS, "pictures", 0.05)
    row, started = Row("pictures"), time.monotonic()
    program.run(program.Field(tmp_path, random.Random(0)), row)
    assert row.stopped and row.outcomes and time.monotonic() - started < 30


def test_a_kind_that_cannot_go_on_is_wrong(tmp_path, monkeypatch):
    one_kind(monkeypatch, raising(httpx.ConnectError("refused")))
    row = Row("pictures")
    program.run(program.Field(tmp_path, random.Random(0), _server=Served(True)), row)
    assert "could not go on" in row.wrong[0].why
