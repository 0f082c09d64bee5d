"""The training set of moving objects, made from msrc's photos and masks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models import CLASSES
from ..pictures import Preprocess
from .move_making import as_input, make_move
from .msrc_photos import TEST, TRAIN, photos_of


class Moves:
    """Clips of objects that move one of eight ways, made afresh for every epoch from msrc's photos."""

    TRAINED, TESTED, BATCH = 1600, 800, 16  # clips an epoch, clips to score, clips in a batch

    def __init__(self, folder: Path, cache: Path, device: torch.device, preprocess: Preprocess, resolutions: tuple[int, ...]):
        self.folder, self.device, self.preprocess = folder / "msrc", device, preprocess

    def _batches(self, split: str, count: int, seed: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (clips (B, 3, T, H, W), labels), every class as often as another."""
        photos, random = photos_of(self.folder, split, smaller=2), np.random.default_rng(seed)
        labels = random.permutation(np.arange(count) % len(CLASSES["moves"]))
        for start in range(0, count, self.BATCH):
            chosen = labels[start:start + self.BATCH]
            clips = torch.stack([make_move(photos, label, random) for label in chosen])
            yield as_input(clips, self.preprocess.mean, self.preprocess.std), torch.from_numpy(chosen)

    def epoch(self, epoch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (clips, labels), no clip twice."""
        return self._batches("train", self.TRAINED, (TRAIN, seed, epoch))

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(output, target)

    @torch.inference_mode()
    def score(self, net: nn.Module) -> dict[str, float]:
        """Share of test clips whose class comes first, and of the same clips with the middle frame in the place of all."""
        right = torch.zeros(2)
        for x, labels in self._batches("test", self.TESTED, (TEST,)):
            still = x[:, :, x.shape[2] // 2, None].expand_as(x)
            right += torch.tensor([(net(clips.to(self.device)).argmax(1).cpu() == labels).sum() for clips in (x, still)])
        return {"score": (right[0] / self.TESTED).item(), "metric": "accuracy", "accuracy_still": (right[1] / self.TESTED).item()}
