"""What the frozen backbone makes of the training pictures, computed once and kept on disk."""

from hashlib import sha256
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor
from tqdm import tqdm

from ..files import write_whole
from ..models import backbone
from ..pictures import Preprocess, open_picture

SHARD = 256  # pictures in one cache file


def features(files: list[Path], resolution: int, cache: Path, device: torch.device, preprocess: Preprocess) -> list[Tensor]:
    """Stride-16 features (112, h, w) of every picture in float16, computed once and kept in ``cache``."""
    stem, found = None, []
    cache = cache / "fixed" if preprocess.fixed else cache
    cache.mkdir(parents=True, exist_ok=True)
    for start in tqdm(range(0, len(files), SHARD), desc=f"{cache}, {resolution} px", unit=f"x{SHARD}"):
        chosen = files[start:start + SHARD]
        shard = cache / f"{resolution}_{start}_{_digest(chosen)}.safetensors"
        loaded = read_shard(shard, {str(i) for i in range(len(chosen))})
        if loaded is None:
            with torch.random.fork_rng(devices=[]):  # training is the same with and without cached features
                stem = stem or backbone.split(backbone.pretrained())[0].eval().to(device, memory_format=torch.channels_last)
            tensors = {}
            for i, file in enumerate(chosen):
                x, _ = preprocess(open_picture(file), resolution)
                with torch.inference_mode():
                    tensors[str(i)] = stem(x.to(device, memory_format=torch.channels_last))[0].half().cpu().contiguous()
            write_whole(shard, save(tensors))
            loaded = tensors
        found += [loaded[str(i)] for i in range(len(loaded))]
    return found


def read_shard(shard: Path, names: set[str]) -> dict[str, Tensor] | None:
    """What a cache file holds, by these names; None where there is none, or it is broken or cut short: it is computed anew."""
    if not shard.exists():
        return None
    try:
        loaded = load_file(shard)
    except SafetensorError as error:
        tqdm.write(f"{shard} is broken or cut short ({error}); it is computed anew")
        return None
    if loaded.keys() != names:
        tqdm.write(f"{shard} holds {len(loaded)} tensors, not the {len(names)} that belong there; it is computed anew")
        return None
    return loaded


def _digest(files: list[Path]) -> str:
    """Of what is in the pictures, so that other pictures never get these pictures' features."""
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files)).hexdigest()[:12]
