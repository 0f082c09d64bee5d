"""Names of what published networks tell apart, in the order of their outputs, by how many there are.

Cityscapes, ADE20K, PASCAL VOC 2012, PASCAL-Context and COCO-Stuff as in mmsegmentation; COCO, ImageNet and Kinetics-400 as in
torchvision.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torchvision

_CITYSCAPES = """
road, sidewalk, building, wall, fence, pole, traffic light, traffic sign, vegetation, terrain, sky, person, rider, car,
truck, bus, train, motorcycle, bicycle
"""
_VOC = """
background, aeroplane, bicycle, bird, boat, bottle, bus, car, cat, chair, cow, diningtable, dog, horse, motorbike, person,
pottedplant, sheep, sofa, train, tvmonitor
"""
_CONTEXT = """
aeroplane, bag, bed, bedclothes, bench, bicycle, bird, boat, book, bottle, building, bus, cabinet, car, cat, ceiling, chair,
cloth, computer, cow, cup, curtain, dog, door, fence, floor, flower, food, grass, ground, horse, keyboard, light, motorbike,
mountain, mouse, person, plate, platform, pottedplant, road, rock, sheep, shelves, sidewalk, sign, sky, snow, sofa, table,
track, train, tree, truck, tvmonitor, wall, water, window, wood
"""
_ADE20K = """
wall, building, sky, floor, tree, ceiling, road, bed, windowpane, grass, cabinet, sidewalk, person, earth, door, table,
mountain, plant, curtain, chair, car, water, painting, sofa, shelf, house, sea, mirror, rug, field, armchair, seat, fence,
desk, rock, wardrobe, lamp, bathtub, railing, cushion, base, box, column, signboard, chest of drawers, counter, sand, sink,
skyscraper, fireplace, refrigerator, grandstand, path, stairs, runway, case, pool table, pillow, screen door, stairway,
river, bridge, bookcase, blind, coffee table, toilet, flower, book, hill, bench, countertop, stove, palm, kitchen island,
computer, swivel chair, boat, bar, arcade machine, hovel, bus, towel, light, truck, tower, chandelier, awning, streetlight,
booth, television receiver, airplane, dirt track, apparel, pole, land, bannister, escalator, ottoman, bottle, buffet, poster,
stage, van, ship, fountain, conveyer belt, canopy, washer, plaything, swimming pool, stool, barrel, basket, waterfall, tent,
bag, minibike, cradle, oven, ball, food, step, tank, trade name, microwave, pot, animal, bicycle, lake, dishwasher, screen,
blanket, sculpture, hood, sconce, vase, traffic light, tray, ashcan, fan, pier, crt screen, plate, monitor, bulletin board,
shower, radiator, glass, clock, flag
"""
_COCO_STUFF = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign, parking meter,
bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie, suitcase,
frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis racket, bottle, wine
glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot dog, pizza, donut, cake, chair,
couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard, cell phone, microwave, oven, toaster,
sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier, toothbrush, banner, blanket, branch, bridge,
building-other, bush, cabinet, cage, cardboard, carpet, ceiling-other, ceiling-tile, cloth, clothes, clouds, counter,
cupboard, curtain, desk-stuff, dirt, door-stuff, fence, floor-marble, floor-other, floor-stone, floor-tile, floor-wood,
flower, fog, food-other, fruit, furniture-other, grass, gravel, ground-other, hill, house, leaves, light, mat, metal,
mirror-stuff, moss, mountain, mud, napkin, net, paper, pavement, pillow, plant-other, plastic, platform, playingfield,
railing, railroad, river, road, rock, roof, rug, salad, sand, sea, shelf, sky-other, skyscraper, snow, solid-other, stairs,
stone, straw, structural-other, table, tent, textile-other, towel, tree, vegetable, wall-brick, wall-concrete, wall-other,
wall-panel, wall-stone, wall-tile, wall-wood, water-other, waterdrops, window-blind, window-other, wood
"""


@dataclass(frozen=True)
class ClassNames:
    """What the outputs of a network are called.

    Attributes:
        source: the data set, as ``Cityscapes``.
        names: in the order of the outputs.
    """

    source: str
    names: tuple[str, ...]


def class_names(classes: int, task: str | None = None) -> ClassNames | None:
    """The names that as many classes have in the data set of which it is known, None where there is none.

    Args:
        classes: how many a network tells apart.
        task: ``segmentation`` or ``classification``; None for both.

    Example:
        >>> class_names(19, "segmentation").names[:3]
        ('road', 'sidewalk', 'building')
        >>> class_names(7) is None
        True
    """
    kinds, source, names = _SETS.get(classes, ((), "", tuple))
    return ClassNames(source, names()) if source and (task is None or task in kinds) else None


def _listed(text: str) -> Callable[[], tuple[str, ...]]:
    return lambda: tuple(name.strip() for name in text.split(","))


def _background_and(text: str) -> Callable[[], tuple[str, ...]]:
    return lambda: ("background", *_listed(text)())


def _imagenet() -> tuple[str, ...]:
    return tuple(torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"])


def _kinetics() -> tuple[str, ...]:
    return tuple(torchvision.models.video.R3D_18_Weights.KINETICS400_V1.meta["categories"])


def _coco() -> tuple[str, ...]:
    found = torchvision.models.detection.FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    return tuple(name for name in found if name not in ("__background__", "N/A"))


_SEGMENTED, _CLASSIFIED = ("segmentation",), ("classification",)
_SETS: dict[int, tuple[tuple[str, ...], str, Callable[[], tuple[str, ...]]]] = {
    19: (_SEGMENTED, "Cityscapes", _listed(_CITYSCAPES)),
    21: (_SEGMENTED, "PASCAL VOC 2012", _listed(_VOC)),
    59: (_SEGMENTED, "PASCAL-Context", _listed(_CONTEXT)),
    60: (_SEGMENTED, "PASCAL-Context with background", _background_and(_CONTEXT)),
    80: (_SEGMENTED + _CLASSIFIED, "COCO", _coco),
    150: (_SEGMENTED, "ADE20K", _listed(_ADE20K)),
    171: (_SEGMENTED, "COCO-Stuff", _listed(_COCO_STUFF)),
    400: (_CLASSIFIED, "Kinetics-400", _kinetics),
    1000: (_CLASSIFIED, "ImageNet", _imagenet),
}
