"""The training set of moving objects, made from msrc's photos and masks."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models import CLASSES
from ..pictures import Preprocess
from .move_making import as_input, backwards, make_move, objects_of
from .msrc_photos import TEST, TRAIN, photos_of


class Moves:
    """Clips of objects that move one of eight ways, made afresh for every epoch from msrc's photos; each is seen backwards, too."""

    TRAINED, TESTED, BATCH = 800, 800, 8  # clips an epoch, clips to score, clips in a batch

    def __init__(self, folder: Path, cache: Path, device: torch.device, preprocess: Preprocess, resolutions: tuple[int, ...]):
        self.folder, self.device, self.preprocess = folder / "msrc", device, preprocess

    def _batches(self, split: str, count: int, seed: Sequence[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (clips (B, 3, T, H, W), labels), every class as often as another."""
        photos, random = photos_of(self.folder, split, smaller=2), np.random.default_rng(seed)
        objects = objects_of(photos)
        labels = random.permutation(np.arange(count // 2) % len(CLASSES["moves"]))
        for chosen in np.split(labels, range(self.BATCH // 2, len(labels), self.BATCH // 2)):
            clips = torch.stack([make_move(photos, objects, label, random) for label in chosen])
            x = as_input(clips, self.preprocess.mean, self.preprocess.std)
            yield torch.cat([x, x.flip(2)]), torch.from_numpy(np.concatenate([chosen, backwards(chosen)]))

    def epoch(self, epoch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (clips, labels), other clips than in every other epoch."""
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
