"""What one map for all queries costs a transformer: DINOv2's features and a linear classifier on them, layer by layer.

``make findings DATA=DIR`` runs it on caltech101, after the study of the same network. The classifier is a ridge regression to the
classes' one-hot vectors on the mean patch token of the network as it is, trained once, on ten photos of each class of train.txt;
it is scored on photos of test.txt, spread evenly (500, or as many as --photos says), whose maps are replaced. Stopped, it goes on
where it was.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save
from torch import Tensor
from torch.nn.functional import cosine_similarity, one_hot
from tqdm import tqdm

from nlviz import load_model, replaced_maps
from nlviz.files import write_whole
from nlviz.models import CLASSES, Model
from nlviz.pictures import open_picture
from nlviz.study import pictures_in
from nlviz.study.summary import interval

NETWORK, RESOLUTION, EACH, TESTED, RIDGE = "dinov2_small", 224, 10, 500, 0.1
LAYERS = range(1, 13)
ALL = ("mean row", "uniform", "identity", "nothing")  # of all layers at once
NUMBERS = ("cosine_patches", "cosine_mean_patch", "accuracy")


def tokens_of(model: Model, photo: Path) -> Tensor:
    """The last layer's patch tokens (N, C) behind its norm, without the class token."""
    return model.net.forward_features(model.preprocess(open_picture(photo), RESOLUTION)[0])[0, 1:]


def tokens_under(model: Model, photo: Path) -> Iterator[tuple[str, Tensor]]:
    """``own`` tokens (N, C), then those with the mean row in each layer, then those with each of ALL in all layers."""
    net, (x, _) = model.net, model.preprocess(open_picture(photo), RESOLUTION)
    before, hooks = [], [block.register_forward_pre_hook(lambda _, inputs: before.append(inputs[0])) for block in net.blocks]
    yield "own", net.forward_features(x)[0, 1:]
    for hook in hooks:
        hook.remove()
    for layer, tokens in zip(LAYERS, before):  # what lies before a layer stays as it is
        rest = net.blocks[layer - 1:]
        with replaced_maps(rest, "mean row", [1]):
            yield f"mean row, layer {layer}", net.norm(rest(tokens))[0, 1:]
    for how in ALL:
        with replaced_maps(net, how):
            yield f"{how}, all layers", net.forward_features(x)[0, 1:]


def some_of_each_class(folder: Path) -> list[str]:
    """The first photos of each class in train.txt."""
    found: dict[str, list[str]] = {}
    for name in (folder / "train.txt").read_text().split():
        found.setdefault(name.partition("/")[0], []).append(name)
    return [name for names in found.values() for name in names[:EACH]]


def class_of(name: str) -> int:
    """The number of the class that a photo's folder names."""
    return CLASSES["caltech101"].index(name.partition("/")[0])


def mean_tokens(model: Model, folder: Path, names: Sequence[str], kept: Path) -> Tensor:
    """The mean patch token of each photo, (photos, C); computed once."""
    if not kept.exists():
        found = torch.stack([tokens_of(model, folder / name).mean(0) for name in tqdm(names, desc="to train on")])
        write_whole(kept, save({"features": found}))
    return load_file(kept)["features"]


def classifier(features: Tensor, classes: Tensor):
    """Ridge regression on standardised features: (photos, C) and (photos,) -> a function of (C,) that gives a class."""
    mean, std = features.mean(0), features.std(0)
    x = ((features - mean) / std).double()
    y = one_hot(classes, len(CLASSES["caltech101"])).double()
    weights = torch.linalg.solve(x.T @ x + RIDGE * len(x) * torch.eye(x.shape[1]), x.T @ (y - y.mean(0)))
    return lambda token: int((((token - mean) / std).double() @ weights + y.mean(0)).argmax())


def of_photo(model: Model, photo: Path, classify, label: int) -> dict[str, dict[str, float]]:
    """NUMBERS of one photo for each name of ``tokens_under``."""
    found = dict(tokens_under(model, photo))
    own = found["own"]
    return {name: {"cosine_patches": cosine_similarity(own, other).mean().item(),
                   "cosine_mean_patch": cosine_similarity(own.mean(0), other.mean(0), 0).item(),
                   "accuracy": float(classify(other.mean(0)) == label)} for name, other in found.items()}


def measured(model: Model, folder: Path, names: Sequence[str], classify, kept: Path) -> Iterator[dict]:
    """The numbers of every photo; those that are kept are not measured again."""
    lines = kept.read_text().splitlines() if kept.exists() else []
    known = dict(json.loads(line) for line in lines if line.endswith("]]"))
    with kept.open("a") as file:
        for name in tqdm([*names[::4], *names[2::4], *names[1::2]], desc="maps replaced"):  # those of fewer photos first
            if name not in known:
                known[name] = [of_photo(model, folder / name, classify, class_of(name))]
                file.write("\n" + json.dumps([name, known[name]]))
                file.flush()
            yield known[name][0]


def over_photos(found: Sequence[dict]) -> dict[str, dict]:
    """For each pass, and the network as it is, the mean of each of NUMBERS and of ``lost``, the accuracy that the network as it is
    has more of the same photos, with 95 % bootstrap intervals over photos."""
    rows = {}
    for name in found[0]:
        values = {number: [photo[name][number] for photo in found] for number in NUMBERS}
        values["lost"] = [photo["own"]["accuracy"] - photo[name]["accuracy"] for photo in found]
        rows[name] = {number: dict(zip(("mean", "low", "high"), (sum(each) / len(each), *interval(each, 0))))
                      for number, each in values.items()}
    return rows


def as_markdown(rows: dict[str, dict], photos: int) -> str:
    """A table, a line for each pass."""
    def text(found: dict, percent: bool) -> str:
        numbers = [100 * value if percent else value for value in found.values()]
        return ("{:.1f} % [{:.1f}, {:.1f}]" if percent else "{:.3f} [{:.3f}, {:.3f}]").format(*numbers)

    lines = [f"| {name} | {text(row['cosine_patches'], False)} | {text(row['cosine_mean_patch'], False)} | "
             f"{text(row['accuracy'], True)} | {text(row['lost'], True)} |\n" for name, row in rows.items()]
    return (f"# {NETWORK} with its maps replaced, {photos} held-out photos of caltech101, {RESOLUTION} px\n\n{__doc__}\n"
            "| maps | cosine of patch tokens to its own | cosine of the mean patch token | accuracy of the classifier | lost |\n"
            f"|---|---|---|---|---|\n{''.join(lines)}")


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with caltech101")
    parser.add_argument("out", type=Path)
    parser.add_argument("--photos", type=int, default=TESTED, help="held-out photos, spread evenly")
    arguments = parser.parse_args()
    folder, out = arguments.data / "caltech101", arguments.out
    out.mkdir(parents=True, exist_ok=True)
    model, train = load_model(NETWORK), some_of_each_class(folder)
    features = mean_tokens(model, folder, train, out / "train.safetensors")
    classify = classifier(features, torch.tensor([class_of(name) for name in train]))
    names = pictures_in(folder, folder / "test.txt", arguments.photos)
    rows = over_photos(list(measured(model, folder, names, classify, out / "mean_row.jsonl")))
    write_whole(out / "mean_row.json", (json.dumps(rows, indent=2) + "\n").encode())
    write_whole(out / "mean_row.md", as_markdown(rows, len(names)).encode())


if __name__ == "__main__":
    main()
