"""What a study takes over from before, and what in a folder is no picture: measured numbers belong to a content, not to a name."""

import csv
import json
import os
import shutil
import socket

import numpy as np
import pytest
import torch
from PIL import Image

from nlviz.analysis import as_model
from nlviz.blocks import BLOCKS
from nlviz.study import Study, pictures_in, run_study
from nlviz.study import study as studying
from nlviz.study.kept import line_of


def network(gamma=1.0, name="net"):
    torch.manual_seed(0)
    block = BLOCKS["pam"](16)
    torch.nn.init.constant_(block.gamma, gamma)
    return as_model(torch.nn.Sequential(torch.nn.Conv2d(3, 16, 16, stride=16), block), name=name)


def draw(path, seed):
    Image.fromarray(np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "b.png", "c.png")):
        draw(folder / name, seed)
    return folder


@pytest.fixture
def opened(monkeypatch):
    """The names of the pictures that were opened to be measured."""
    names, real = [], studying.open_picture
    monkeypatch.setattr(studying, "open_picture", lambda content, name: names.append(name) or real(content, name))
    return names


def ran(folder, out, model=None, **options):
    said = []
    study = Study([model or network()], 64, **options)
    return run_study(study, folder, pictures_in(folder), out, progress=iter, say=said.append), said


def values(out):
    return {row["picture"]: row["jsd_att_nats"] for row in csv.DictReader((out / "pictures.csv").open())}


def test_a_replaced_picture_is_measured_anew_and_the_others_are_not(folder, tmp_path, opened):
    ran(folder, tmp_path / "out")
    before = values(tmp_path / "out")
    draw(folder / "b.png", 9)
    opened.clear()
    ran(folder, tmp_path / "out")
    after = values(tmp_path / "out")
    ran(folder, tmp_path / "anew")
    assert opened[0] == "b.png" and after == values(tmp_path / "anew")
    assert before["b.png"] != after["b.png"] and before["a.png"] == after["a.png"]
    assert (tmp_path / "out" / "summary.json").read_bytes() == (tmp_path / "anew" / "summary.json").read_bytes()


def test_a_renamed_picture_keeps_its_numbers(folder, tmp_path, opened):
    ran(folder, tmp_path / "out")
    before = values(tmp_path / "out")
    (folder / "a.png").rename(folder / "z.png")
    opened.clear()
    ran(folder, tmp_path / "out")
    assert not opened and values(tmp_path / "out")["z.png"] == before["a.png"]


def test_a_repaired_picture_is_no_longer_left_out(folder, tmp_path):
    whole = (folder / "b.png").read_bytes()
    (folder / "b.png").write_bytes(whole[:100])
    summary, _ = ran(folder, tmp_path / "out")
    assert [entry["picture"] for entry in summary["broken"]] == ["b.png"]
    (folder / "b.png").write_bytes(whole)
    summary, _ = ran(folder, tmp_path / "out")
    assert summary["pictures"] == 3 and not summary["broken"] and float(values(tmp_path / "out")["b.png"]) > 0


def test_a_network_that_failed_is_tried_again(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(Study, "_numbers", lambda *_: 1 / 0)
    assert len(ran(folder, tmp_path / "out")[0]["failed"]) == 3
    monkeypatch.undo()
    assert not ran(folder, tmp_path / "out")[0]["failed"]


def test_other_weights_of_a_network_without_a_card_are_measured_anew(folder, tmp_path, opened):
    ran(folder, tmp_path / "out", network(1.0))
    opened.clear()
    ran(folder, tmp_path / "out", network(1.0))
    assert not opened
    ran(folder, tmp_path / "out", network(2.0))
    assert opened == ["a.png", "b.png", "c.png"]


def test_two_networks_of_one_name_are_refused():
    with pytest.raises(ValueError, match="2 networks are called 'net': give each a name of its own"):
        Study([network(1.0), network(0.0)], 64)


@pytest.mark.parametrize("breaking", [
    lambda lines: [lines[0].replace(b"values", b"valves"), *lines[1:]],  # still JSON
    lambda lines: [lines[0][:80] + b"\xff\xfe\x00" + lines[0][80:], *lines[1:]],
    lambda lines: [lines[0].replace(b"0.", b"1.", 1), *lines[1:]],
    lambda lines: [lines[0][:-30], *lines[1:]],
    lambda lines: [b'["a.png", "net", null, 64, 0, false]', *lines[1:]],
    lambda lines: [b'[["a.png", "net", null, 64, 0, false], {"maps": []}]', *lines[1:]],  # as earlier versions kept them
    lambda lines: [b"[" * 100_000, *lines[1:]], lambda lines: [b"7", *lines[1:]]])
def test_broken_bytes_in_what_was_measured_are_named_and_measured_anew(folder, tmp_path, opened, breaking):
    ran(folder, tmp_path / "out")
    kept = tmp_path / "out" / "measured.0.jsonl"
    whole, report = kept.read_bytes(), (tmp_path / "out" / "summary.json").read_bytes()
    kept.write_bytes(b"\n".join(breaking(whole.splitlines())) + b"\n")
    opened.clear()
    _, said = ran(folder, tmp_path / "out")
    assert len(opened) == 1 and len(said) == 1 and str(kept) in said[0] and "1 line broken" in said[0]
    assert kept.read_bytes() == whole and (tmp_path / "out" / "summary.json").read_bytes() == report


def changed(line, *path, to):
    """The line with another value at the path of its first map, and the right checksum."""
    line = json.loads(json.dumps(line))
    at = line["maps"][0]
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = to
    return line


@pytest.mark.parametrize("wrong", [
    lambda line: {"maps": 5}, lambda line: {"maps": [None]}, lambda line: {"maps": []}, lambda line: [], lambda line: None,
    lambda line: {"maps": [{}]}, lambda line: {}, lambda line: {"broken": 5}, lambda line: {"failed": None},
    lambda line: {"x": "y"}, lambda line: line | {"broken": "x"}, lambda line: "maps",
    lambda line: {"maps": {"0": line["maps"][0]}},
    *(lambda line, path=path, to=to: changed(line, *path, to=to) for path, to in [
        (["layer"], 5), (["part"], None), (["block"], "\ud800"), (["values"], []), (["values"], {}), (["shuffled"], {}),
        (["values", "jsd_att_nats"], "x"), (["values", "jsd_att_nats"], None), (["values", "jsd_att_nats"], float("nan")),
        (["values", "jsd_att_nats"], 10**400), (["values", "jsd_att_nats"], True), (["fresh", "jsd_att_nats"], []),
        (["reasons"], None), (["reasons"], {"x": 1}), (["added_share"], None), (["entropy_share"], ""), (["terms"], 5),
        (["terms"], {"to_unary_nats": 0.5})]),
    lambda line: {"maps": [{name: value for name, value in line["maps"][0].items() if name != "entropy_share"}]}])
def test_a_line_with_the_right_checksum_and_the_wrong_content_is_measured_anew(folder, tmp_path, opened, wrong):
    ran(folder, tmp_path / "out")
    kept = tmp_path / "out" / "measured.0.jsonl"
    whole, report = kept.read_bytes(), (tmp_path / "out" / "summary.json").read_bytes()
    first, *rest = whole.decode().splitlines(keepends=True)
    key, line, _ = json.loads(first)
    kept.write_text("".join([line_of(key, wrong(line)), *rest]))
    opened.clear()
    _, said = ran(folder, tmp_path / "out")
    assert len(opened) == 1 and len(said) == 1 and "1 line broken" in said[0]
    assert kept.read_bytes() == whole and (tmp_path / "out" / "summary.json").read_bytes() == report


@pytest.mark.parametrize("kind", ["pam", "cam", "gc", "se", "dot_product", "disentangled"])
@pytest.mark.parametrize("terms", [False, True])
def test_what_is_kept_of_any_block_is_taken_over(folder, tmp_path, opened, kind, terms):
    torch.manual_seed(0)
    model = as_model(torch.nn.Sequential(torch.nn.Conv2d(3, 16, 16, stride=16), BLOCKS[kind](16)), name="net")
    ran(folder, tmp_path / "out", model, terms=terms)
    opened.clear()
    assert ran(folder, tmp_path / "out", model, terms=terms)[1] == [] and not opened


def test_a_pipe_among_what_was_measured_is_named_and_never_opened(folder, tmp_path):
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out" / "measured.7.jsonl")  # opening it would wait for ever
    with pytest.raises(OSError, match=r"measured before cannot be read: not a regular file.*Move it away.*measured\.7\.jsonl"):
        ran(folder, tmp_path / "out")


def test_a_name_that_is_not_utf_8_is_measured_and_escaped_in_the_report(folder, tmp_path):
    try:
        shutil.copy(folder / "a.png", os.fsencode(folder) + b"/caf\xe9\n.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    (folder / "a.png").unlink()
    (tmp_path / "list.txt").write_bytes(b"b\n")
    summary, _ = ran(folder, tmp_path / "out")
    assert summary["pictures"] == 3 and set(values(tmp_path / "out")) == {"b.png", "c.png", r"caf\xe9\n.png"}
    os.rename(os.fsencode(folder) + b"/caf\xe9\n.png", os.fsencode(folder) + b"/caf\xe9.png")
    (tmp_path / "list.txt").write_bytes(b"b\ncaf\xe9\n")
    assert pictures_in(folder, tmp_path / "list.txt") == ["b.png", "caf\udce9.png"]


def test_what_is_no_regular_file_is_left_out_and_never_opened(folder, tmp_path):
    os.mkfifo(folder / "pipe.png")  # opening it would wait for ever
    (folder / "folder.png").mkdir()
    (folder / "gone.png").symlink_to(tmp_path / "nowhere.png")
    (folder / "device.png").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(folder)  # a socket's path is short
        try:
            server.bind("socket.png")
        finally:
            os.chdir(here)
        for _ in range(2):
            summary, _ = ran(folder, tmp_path / "out")
            reasons = {entry["picture"]: entry["reason"] for entry in summary["broken"]}
            assert set(reasons) == {"device.png", "gone.png", "pipe.png", "socket.png"} and summary["pictures"] == 3
            assert all("not a regular file" in reasons[f"{name}.png"] for name in ("device", "pipe", "socket"))
    assert "- pipe.png: cannot be read (not a regular file" in (tmp_path / "out" / "README.md").read_text()


def test_a_full_disk_names_the_file_and_what_was_measured_is_kept(folder, tmp_path, monkeypatch):
    from nlviz.study import running
    real, done = running.line_of, []

    def full(key, line):
        if done:
            raise OSError(28, "No space left on device")
        done.append(key)
        return real(key, line)

    monkeypatch.setattr(running, "line_of", full)
    with pytest.raises(OSError, match=r"No space left on device\. Make room there.*measured\.0\.jsonl"):
        ran(folder, tmp_path / "out")
    monkeypatch.undo()
    assert json.loads((tmp_path / "out" / "measured.0.jsonl").read_text())[1]["maps"]
    assert ran(folder, tmp_path / "out")[0]["pictures"] == 3
