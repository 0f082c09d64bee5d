"""The process that reads is believed in nothing, and ends in time."""

import json
import time

import pytest

import nlviz.guarded.reader as reader_module
from nlviz.guarded import Bounds, Reader, ReadingError, Stopped, Told, answered, operations
from tests.guarded.tiny import known, plain_file, tiny_file

QUICK = Bounds(2, 2**30, 2**26)
TOLD = {"file": "a.pth", "title": "Tiny", "arch": "tiny", "tensors": 3, "numbers": 30, "precision": "float32", "questions": [],
        "attention": [{"layer": "head", "block": "gc", "maps": 1}], "notes": [], "says": "features", "classes": None,
        "clips": False, "frames": 0, "operations": [100, 400]}


def test_a_checkpoint_is_read_described_and_handed_on_as_clean_tensors(tmp_path, monkeypatch):
    known(monkeypatch)
    reader, path, steps = Reader(Bounds.of_files(100)), tiny_file(tmp_path / "came.pth"), []
    *steps, told = reader.read(path, "my net.pth", tmp_path)
    assert [share for _, share in steps] == sorted(share for _, share in steps)
    assert (told.title, told.file, told.precision) == ("Tiny non-local network (tests)", "my net.pth", "float32")
    assert [(question.name, question.options[0][0]) for question in told.questions] == [
        ("mode", "embedded_gaussian"), ("use_scale", "yes")]  # the usual answer is offered first
    assert [(one.layer, one.block) for one in told.attention] == [("decode_head.nl_block", "non-local")]
    assert "the auxiliary head" in told.notes[0] and "optimizer" in told.notes[0]
    assert told.says.startswith("segmentation, 7 classes")
    path.unlink()
    model = answered(tmp_path / "clean.safetensors", told, {"mode": "dot_product", "use_scale": "no"}, "file:mine")
    assert model.name == "file:mine" and model.card["source"].endswith("weights of my net.pth") and not reader._all


def lying(monkeypatch, *lines, then="") -> Reader:
    """A reader whose process says these lines in the place of reading."""
    said = "\n".join(json.dumps(line) if isinstance(line, dict) else line for line in lines)
    monkeypatch.setattr(reader_module, "BEFORE", f"print({said!r}, flush=True); {then or 'sys.exit()'}")
    return Reader(QUICK)


@pytest.mark.parametrize("lines, words", [
    ([{"ready": True}, {"told": TOLD | {"tensors": -1}}], "nothing that can be shown"),
    ([{"ready": True}, {"told": TOLD | {"more": 1}}], "nothing that can be shown"),
    ([{"ready": True}, {"told": TOLD | {"title": "x" * 10_000}}], "nothing that can be shown"),
    ([{"ready": True}, {"told": TOLD | {"questions": [{"name": "../x", "sentence": "", "options": [], "usual": ""}]}}], "nothing"),
    ([{"ready": True}, {"full": True}], "takes more than 1 GB of memory"), ([{"ready": True}, {"error": "Broken."}], "Broken."),
    ([{"ready": True}, {"broken": "ValueError"}], "does not run"), ([{"ready": True}, "garbage"], "stopped without a word"),
    ([{"ready": True}, "[]"], "stopped without a word"), ([{"ready": True}], "stopped without a word"),
    ([], "stopped without a word"), ([{"ready": True}, {"step": "x"}], "stopped without a word")], ids=str)
def test_what_it_says_is_checked(monkeypatch, tmp_path, lines, words):
    with pytest.raises(ReadingError, match=words):
        list(lying(monkeypatch, *lines).read(tmp_path / "a.pth", "a.pth", tmp_path))


def test_what_fits_is_believed(monkeypatch, tmp_path):
    reader = lying(monkeypatch, {"ready": True}, {"step": "Reading", "share": 0.1}, {"told": TOLD})
    *_, told = reader.read(tmp_path, "a.pth", tmp_path)
    assert told == Told.model_validate_json(json.dumps(TOLD))


def test_one_that_never_answers_is_ended(monkeypatch, tmp_path):
    reader = lying(monkeypatch, {"ready": True}, then="import time; time.sleep(600)")
    reader.bounds = Bounds(0.2, 2**30, 2**26)
    with pytest.raises(ReadingError, match=r"longer than 0\.2 s of computing"):
        list(reader.read(tmp_path, "a.pth", tmp_path))
    assert not reader._all


def test_one_that_is_wanted_no_more_is_ended_at_once(monkeypatch, tmp_path):
    reader = lying(monkeypatch, {"ready": True}, then="import time; time.sleep(600)")
    began = time.monotonic()
    with pytest.raises(Stopped):
        list(reader.read(tmp_path, "a.pth", tmp_path, lambda: time.monotonic() < began + 0.5))
    assert not reader._all


def test_a_spare_is_started_once_used_once_and_ended_with_the_program(monkeypatch, tmp_path):
    reader = lying(monkeypatch, {"ready": True}, {"told": TOLD}, then="import time; time.sleep(600)")
    reader.warm(), reader.warm()
    spare, = reader._all
    list(reader.read(tmp_path, "a.pth", tmp_path))
    assert spare.process.poll() is not None and not reader._all
    reader.warm()
    spare, = reader._all
    reader.close()
    assert spare.process.poll() is not None


@pytest.mark.parametrize("linear, squares", [(3, 0), (3, 0.001), (0, 0.5)])
def test_operations_grow_with_pixels_and_maps_with_their_square(linear, squares):
    def counted(side):
        return linear * side**2 + squares * side**4

    told = Told.model_validate_json(json.dumps(TOLD | {"operations": [round(counted(side) * 1000) for side in (64, 128)]}))
    assert operations(told, 448) == pytest.approx(1000 * counted(448), rel=1e-3)
    assert operations(told, 448, 8) == pytest.approx(8 * operations(told, 448))


def test_a_network_without_questions_has_none(tmp_path, monkeypatch):
    from tests.guarded.here import HereReader

    known(monkeypatch)
    *_, told = HereReader(QUICK).read(plain_file(tmp_path / "b.pt"), "b.pt", tmp_path)
    assert told.questions == [] and "is untrained" in told.notes[0] and told.says.startswith("features alone")
