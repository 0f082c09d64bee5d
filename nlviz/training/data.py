"""The training sets: pictures on disk to batches of stride-16 features."""

import gzip
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..models import CLASSES
from ..pictures import Preprocess, open_picture
from .batching import batches
from .clip_data import Clips
from .features import features
from .labels import classes_at, read_mask
from .move_data import Moves

SCORED_AT = (224, 448)  # long side in pixels; the second is the one that counts


class Caltech101:
    """Photos of 101 classes: train.txt and test.txt list ``CLASS/FILE``."""

    def __init__(self, folder: Path, cache: Path, device: torch.device, preprocess: Preprocess, resolutions: tuple[int, ...]):
        self.folder, self.cache, self.device = folder / "caltech101", cache / "caltech101", device
        self.preprocess, self.resolutions = preprocess, resolutions
        self.train = {}

    def _load(self, split: str, resolution: int) -> tuple[list[Tensor], Tensor]:
        names = (self.folder / f"{split}.txt").read_text().split()
        labels = torch.tensor([CLASSES["caltech101"].index(n.split("/")[0]) for n in names])
        return features([self.folder / n for n in names], resolution, self.cache / split, self.device, self.preprocess), labels

    def epoch(self, epoch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (features, labels) at each resolution in turn, half of them mirrored."""
        resolution = self.resolutions[epoch % len(self.resolutions)]
        if resolution not in self.train:
            self.train[resolution] = self._load("train", resolution)
        pictures, labels = self.train[resolution]
        for number, batch in enumerate(batches(pictures, 32, seed * 1000 + epoch)):
            x = torch.stack([pictures[i] for i in batch]).float()
            yield (x.flip(-1) if (number + epoch) % 2 else x), labels[batch]

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(output, target, label_smoothing=0.1)

    @torch.inference_mode()
    def score(self, net: nn.Module) -> dict[str, float]:
        """Share of test photos whose class comes first, at each resolution."""
        found = {}
        for resolution in SCORED_AT:
            pictures, labels = self._load("test", resolution)
            right = sum((net.head(torch.stack([pictures[i] for i in batch]).float().to(self.device)).argmax(1).cpu()
                         == labels[batch]).sum().item() for batch in batches(pictures, 32, 0))
            found[f"accuracy_{resolution}"] = right / len(labels)
        return {"score": found["accuracy_448"], "metric": "accuracy", **found}


class Segmentation(ABC):
    """Photos with masks; subclasses say where they lie."""

    data = ""

    def __init__(self, folder: Path, cache: Path, device: torch.device, preprocess: Preprocess, resolutions: tuple[int, ...]):
        self.folder, self.cache, self.device = folder / self.data, cache / self.data, device
        self.preprocess, self.resolutions = preprocess, preprocess.fixed[:1] if preprocess.fixed else resolutions
        self.train = {}

    @abstractmethod
    def names(self, split: str) -> list[str]:
        """Paths of the photos without .jpg, which with .png are those of the masks."""

    def _load(self, split: str, resolution: int) -> tuple[list[Tensor], list[Tensor]]:
        names = self.names(split)
        masks = [read_mask(self.data, self.folder / f"{n}.png") for n in names]
        return self._inputs([self.folder / f"{n}.jpg" for n in names], resolution, split), masks

    def _inputs(self, files: list[Path], resolution: int, split: str) -> list[Tensor]:
        """What of each picture the trained part of a network takes."""
        return features(files, resolution, self.cache / split, self.device, self.preprocess)

    def _target(self, mask: Tensor, resolution: int) -> Tensor:
        """The mask at a quarter of the input's size, void where the input is padding."""
        frame = self.preprocess.frame(mask.shape[::-1], resolution)
        left, top, right, bottom = (edge // 4 for edge in frame.content)
        target = torch.full([side // 4 for side in frame.size[::-1]], -1)
        smaller = F.interpolate(mask[None, None].float(), (bottom - top, right - left), mode="nearest-exact")
        target[top:bottom, left:right] = smaller[0, 0].long()
        return target

    def epoch(self, epoch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (features, masks at a quarter of the input's size) at each resolution in turn, half of them mirrored."""
        resolution = self.resolutions[epoch % len(self.resolutions)]
        if resolution not in self.train:
            self.train[resolution] = self._load("train", resolution)
        pictures, masks = self.train[resolution]
        for number, batch in enumerate(batches(pictures, 16, seed * 1000 + epoch)):
            x = torch.stack([pictures[i] for i in batch]).float()
            y = torch.stack([self._target(masks[i], resolution) for i in batch])
            yield (x.flip(-1), y.flip(-1)) if (number + epoch) % 2 else (x, y)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        finer = F.interpolate(output, target.shape[1:], mode="bilinear", align_corners=False)
        return F.cross_entropy(finer, target, ignore_index=-1)

    @torch.inference_mode()
    def score(self, net: nn.Module) -> dict[str, float]:
        """Pixel accuracy and mean intersection over union at the masks' own size, void left out, at 448 px."""
        classes = len(CLASSES[self.data])
        table = torch.zeros(classes, classes, dtype=torch.float64)  # (true, predicted)
        for picture, mask in zip(*self._load("test", SCORED_AT[1])):
            output = net.head(picture[None].float().to(self.device)).cpu()
            found = classes_at(output, mask.shape, self.preprocess, SCORED_AT[1])
            known = mask >= 0
            table += torch.bincount(mask[known] * classes + found[known], minlength=classes**2).view(classes, classes)
        hits, union = table.diag(), table.sum(0) + table.sum(1) - table.diag()
        accuracy = (hits.sum() / table.sum()).item()
        return {"score": accuracy, "metric": "pixel accuracy", "mean_iou": (hits / union)[union > 0].mean().item()}


class Msrc(Segmentation):
    """train.txt and test.txt list names."""

    data = "msrc"

    def names(self, split: str) -> list[str]:
        return (self.folder / f"{split}.txt").read_text().split()


class MsrcPictures(Msrc):
    """The same photos as they are, for networks whose backbone is trained too."""

    def _inputs(self, files: list[Path], resolution: int, split: str) -> list[Tensor]:
        return [self.preprocess(open_picture(file), resolution)[0][0].half() for file in files]


class Camvid(Segmentation):
    """Street scenes in folders train and test."""

    data = "camvid"

    def names(self, split: str) -> list[str]:
        found = sorted(f"{split}/{path.stem}" for path in (self.folder / split).glob("*.jpg"))
        if not found:
            raise FileNotFoundError(f"no pictures in {self.folder / split}")
        return found


class Fashion:
    """FashionMNIST's four idx files, gzipped, in FashionMNIST/raw: 28 x 28 grey pictures of 10 classes."""

    def __init__(self, folder: Path, cache: Path, device: torch.device, preprocess: Preprocess, resolutions: tuple[int, ...]):
        self.folder, self.device = folder / "FashionMNIST" / "raw", device

    def _load(self, split: str) -> tuple[Tensor, Tensor]:
        def read(kind: str, header: int) -> Tensor:
            content = gzip.decompress((self.folder / f"{split}-{kind}-ubyte.gz").read_bytes())
            return torch.from_numpy(np.frombuffer(content, np.uint8, offset=header).copy())

        return read("images-idx3", 16).view(-1, 1, 28, 28), read("labels-idx1", 8).long()

    def epoch(self, epoch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (pictures 0 to 1, labels), half of them mirrored."""
        pictures, labels = self._load("train")
        order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed * 1000 + epoch))
        for number, batch in enumerate(order.split(128)):
            x = pictures[batch].float() / 255
            yield (x.flip(-1) if (number + epoch) % 2 else x), labels[batch]

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(output, target)

    @torch.inference_mode()
    def score(self, net: nn.Module) -> dict[str, float]:
        """Share of test pictures whose class comes first."""
        pictures, labels = self._load("t10k")
        right = sum((net(x.to(self.device).float() / 255).argmax(1).cpu() == y).sum().item()
                    for x, y in zip(pictures.split(500), labels.split(500)))
        return {"score": right / len(labels), "metric": "accuracy"}


DATA = {"caltech101": Caltech101, "msrc": Msrc, "camvid": Camvid, "fashion": Fashion, "clips": Clips, "moves": Moves}
TUNED = {"msrc": MsrcPictures}  # of networks whose backbone is trained too
