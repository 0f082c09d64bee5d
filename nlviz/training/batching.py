"""Which pictures or clips are learned together."""

import random
from collections import defaultdict
from collections.abc import Iterator

from torch import Tensor


def batches(pictures: list[Tensor], size: int, seed: int) -> Iterator[list[int]]:
    """Indices in shuffled batches of pictures that have one shape."""
    groups, order = defaultdict(list), random.Random(seed)
    for index, picture in enumerate(pictures):
        groups[picture.shape].append(index)
    found = []
    for group in groups.values():
        order.shuffle(group)
        found += [group[i:i + size] for i in range(0, len(group), size)]
    order.shuffle(found)
    return iter(found)
