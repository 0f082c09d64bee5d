"""Outputs of published networks are named after the data set that has as many classes."""

import pytest

from nlviz.models.zoo.class_names import class_names


@pytest.mark.parametrize("classes, task, source, some", [
    (19, "segmentation", "Cityscapes", {0: "road", 10: "sky", 13: "car", 18: "bicycle"}),
    (21, "segmentation", "PASCAL VOC 2012", {0: "background", 8: "cat", 15: "person", 20: "tvmonitor"}),
    (59, "segmentation", "PASCAL-Context", {0: "aeroplane", 58: "wood"}),
    (60, "segmentation", "PASCAL-Context with background", {0: "background", 1: "aeroplane", 59: "wood"}),
    (150, "segmentation", "ADE20K", {0: "wall", 12: "person", 149: "flag"}),
    (171, "segmentation", "COCO-Stuff", {0: "person", 79: "toothbrush", 170: "wood"}),
    (80, "classification", "COCO", {0: "person", 79: "toothbrush"}),
    (400, "classification", "Kinetics-400", {0: "abseiling", 399: "zumba"}),
    (1000, "classification", "ImageNet", {0: "tench", 207: "golden retriever", 999: "toilet tissue"})])
def test_as_many_classes_have_the_names_of_their_data_set(classes: int, task: str, source: str, some: dict[int, str]):
    for asked in (task, None):
        found = class_names(classes, asked)
        assert (found.source, len(found.names)) == (source, classes)
        assert {number: found.names[number] for number in some} == some
        assert len(set(found.names)) >= classes - 2 and all(name == name.strip() != "" for name in found.names)


@pytest.mark.parametrize("classes, task", [(7, None), (19, "classification"), (1000, "segmentation")])
def test_other_numbers_and_other_tasks_have_no_names(classes: int, task: str | None):
    assert class_names(classes, task) is None
