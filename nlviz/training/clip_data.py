"""The training set of clips with erased patches, made from msrc's photos and masks."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import torch
from PIL import Image
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from ..files import write_whole
from ..models import backbone, frame_by_frame
from ..pictures import Picture, Preprocess
from .batching import batches
from .clip_making import MadeClip, make_clip
from .features import read_shard
from .msrc_photos import SPLITS, TEST, TRAIN, digest_of, photos_of

SHARD = 50  # clips in one cache file


def held_out_clips(data: Path, count: int | None = None) -> Iterator[MadeClip]:
    """The clips that segmenters are scored on, or the first ``count`` of them; ``data`` is the folder with ``msrc``."""
    photos = photos_of(data / "msrc", SPLITS[TEST])
    return (make_clip(photos, number, (TEST, 0)) for number in range(count or len(photos)))


class Clips:
    """Clips with masks and erased patches, made from msrc's photos; features are made once and kept in ``cache``.

    Every photo is the background of ``VARIANTS`` clips at small resolutions, every fourth photo of one at 448 px.
    """

    VARIANTS, LARGE = 2, 448

    def __init__(self, folder: Path, cache: Path, device: torch.device, preprocess: Preprocess, resolutions: tuple[int, ...]):
        self.folder, self.cache, self.device = folder / "msrc", cache / "clips", device
        self.preprocess, self.resolutions = preprocess, resolutions
        self.train = {}

    def _made(self, split: int, variant: int, number: int) -> MadeClip:
        return make_clip(photos_of(self.folder, SPLITS[split]), number, (split, variant))

    def _features(self, split: int, variant: int, resolution: int, numbers: Sequence[int]) -> list[tuple[Tensor, Tensor]]:
        """Of each clip: features (112, T, h, w) in float16, and the truth (T, rows, columns) at a quarter of the input's size."""
        stem, found, photos = None, [], digest_of(self.folder, SPLITS[split])
        self.cache.mkdir(parents=True, exist_ok=True)
        for start in tqdm(range(0, len(numbers), SHARD), desc=f"{self.cache}, {resolution} px", unit=f"x{SHARD}"):
            chosen = numbers[start:start + SHARD]
            # other photos, or another way of making clips, have another file
            first = sha256(self._made(split, variant, chosen[0]).frames.tobytes()).hexdigest()[:12]
            shard = self.cache / f"{split}_{variant}_{resolution}_{start}_{photos}_{first}.safetensors"
            names = {f"{kind}{number}" for number in chosen for kind in ("features", "truth")}
            loaded = read_shard(shard, names)
            if loaded is None:
                with torch.random.fork_rng(devices=[]):
                    stem = stem or backbone.split(backbone.pretrained())[0].eval().to(self.device)
                loaded = {}
                for number in chosen:
                    loaded[f"features{number}"], loaded[f"truth{number}"] = self._seen(
                        stem, self._made(split, variant, number), resolution)
                write_whole(shard, save(loaded))
            found += [(loaded[f"features{number}"], loaded[f"truth{number}"]) for number in chosen]
        return found

    @torch.inference_mode()
    def _seen(self, stem: nn.Module, clip: MadeClip, resolution: int) -> tuple[Tensor, Tensor]:
        frames = [self.preprocess(Picture(Image.fromarray(frame)), resolution)[0] for frame in clip.frames]
        x = torch.stack(frames, 2).to(self.device)  # (1, 3, T, H, W)
        quarter = [side // 4 for side in x.shape[3:]]
        truth = F.interpolate(clip.masks[None].float(), quarter, mode="nearest-exact")[0]
        return frame_by_frame(stem, x)[0].half().cpu().contiguous(), truth.to(torch.int8)

    def epoch(self, epoch: int, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches (features, masks at a quarter of the input's size) of two clips, mirrored and backwards in turn."""
        resolution = self.resolutions[epoch % len(self.resolutions)]
        large = resolution >= self.LARGE
        variant = 0 if large else epoch % self.VARIANTS
        if (resolution, variant) not in self.train:
            numbers = range(0, len(photos_of(self.folder, SPLITS[TRAIN])), 4 if large else 1)
            self.train[resolution, variant] = self._features(TRAIN, variant, resolution, numbers)
        clips = self.train[resolution, variant]
        for number, batch in enumerate(batches([features for features, _ in clips], 2, seed * 1000 + epoch)):
            x = torch.stack([clips[i][0] for i in batch]).float()
            y = torch.stack([clips[i][1] for i in batch]).long()
            mirrored, backwards = (number + epoch) % 2, (number + epoch) // 2 % 2
            x, y = (x.flip(-1), y.flip(-1)) if mirrored else (x, y)
            yield (x.flip(2), y.flip(1)) if backwards else (x, y)

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        finer = F.interpolate(output.transpose(1, 2).flatten(0, 1), target.shape[2:], mode="bilinear", align_corners=False)
        return F.cross_entropy(finer, target.flatten(0, 1), ignore_index=-1)

    @torch.inference_mode()
    def score(self, net: nn.Module) -> dict[str, float]:
        """Pixel accuracy where the frames are erased, elsewhere, and of all, at the masks' own size, void left out, at 448 px."""
        numbers = range(len(photos_of(self.folder, SPLITS[TEST])))
        right, known = torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)  # seen, erased
        for (features, _), clip in zip(self._features(TEST, 0, self.LARGE, numbers), held_out_clips(self.folder.parent)):
            output = net.head(features[None].float().to(self.device)).cpu()[0].transpose(0, 1)  # (T, classes, h, w)
            found = F.interpolate(output, clip.masks.shape[1:], mode="bilinear", align_corners=False).argmax(1)
            for erased in (0, 1):
                here = (clip.masks >= 0) & (clip.erased == bool(erased))
                known[erased] += here.sum()
                right[erased] += (found == clip.masks)[here].sum()
        seen, erased = (right / known).tolist()
        return {"score": erased, "metric": "pixel accuracy where erased", "accuracy_seen": seen,
                "accuracy_all": (right.sum() / known.sum()).item()}
