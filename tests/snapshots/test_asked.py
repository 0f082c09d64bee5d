"""What cannot be asked of snapshots is said in words, before anything is written."""

import numpy as np
import pytest
import torch

from nlviz.snapshots import Snapshots
from tests.networks import network
from tests.pictures.drawn import quarters


@pytest.mark.parametrize("every, said", [
    (2.5, "every must be a whole number from 1 on, got 2.5"), (None, "every must be a whole number from 1 on, got None"),
    (True, "every must be a whole number from 1 on, got True"), ("3", "every must be a whole number from 1 on, got '3'"),
    (0, "every must be at least 1 step, got 0"), (-2, "every must be at least 1 step, got -2")])
def test_every_is_a_whole_number_from_1_on(every, said, tmp_path):
    with pytest.raises(ValueError) as error:
        Snapshots(network(), quarters(64, 64), every, tmp_path / "new")
    assert str(error.value) == said and not list(tmp_path.iterdir())


@pytest.mark.parametrize("step", [-1, "3", 1.0, True, [1]])
def test_a_step_is_a_whole_number_from_0_on(step, tmp_path):
    snapshots = Snapshots(network(), quarters(64, 64), to=tmp_path, resolution=64)
    with pytest.raises(ValueError) as error:
        snapshots(step)
    assert str(error.value) == f"a step must be a whole number from 0 on, got {step!r}" and not snapshots.folder.steps


def test_whole_numbers_of_numpy_and_torch_are_steps(tmp_path):
    snapshots = Snapshots(network(), quarters(64, 64), np.int64(2), tmp_path, 64)
    assert [snapshots(step) for step in (np.int64(0), torch.tensor(2))] == [True, True] and snapshots.folder.steps == [0, 2]


@pytest.mark.parametrize("inside", ["", "maps"])
def test_a_file_is_no_folder(inside, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("mine")
    with pytest.raises(ValueError, match=r"snapshots need a folder, got .*, which is a file or lies in one\. Take another name"):
        Snapshots(network(), quarters(64, 64), to=file / inside)
    assert file.read_text() == "mine"
