"""A folder through some networks again with their maps replaced: is the map used, and what is the score without it?"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor
from tqdm import tqdm

from ..analysis import as_input, one_at_a_time
from ..capture import CannotReplace
from ..files import printable, read_regular, saying_where, write_whole
from ..measures import BY_FRAME, EFFECTS, WITH, effect_in_words, effect_of, replaced_pass
from ..models import Model, OnBackbone
from ..pictures import Clip, Picture, PictureError, open_picture
from ..training import label_of
from .choosing import is_clip
from .effects_report import Line, effects_csv, render_effects
from .folders import read_picture
from .kept import line_of, line_read
from .scores import compared, tally_of
from .study import Study, check_frames, content_of
from .summary import interval

KEPT = "effects.jsonl"


def run_effects(study: Study, folder: Path, pictures: Sequence[str], out: Path, command: str = "",
                progress: Callable[[Iterable], Iterable] = tqdm) -> dict:
    """Measure what replacing maps does to every picture's output, and write effects.json, effects.csv and effects.md into ``out``.

    What is measured is kept line by line, so that a stopped run goes on where it was; a picture is known by its content and that
    of the mask beside it. One process does it.

    Args:
        pictures: paths relative to ``folder``. Those of msrc and camvid with a mask beside them, and those of caltech101 in their
            class' folder, count for the scores of networks that were trained on that data.
        command: what the report says it was made by.
        progress: wraps the pictures.

    Returns:
        ``pictures``, ``resolution``, ``networks`` and ``rows``. A network has ``model``, ``measured`` and ``scored``, numbers of
        pictures, and ``left_out``, a number of pictures by reason. A row, for each network and replacement, has ``model``, ``how``,
        ``pictures``, ``measures`` by EFFECTS (mean, low, high: the 95 % bootstrap interval over pictures; or None), ``scores`` and
        ``own_scores`` (see :func:`nlviz.study.scores.compared`; empty without labels), ``sentence``, and ``reason``, "" or why maps
        were not replaced.

    Raises:
        OSError: ``out`` cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    lines = _measured(study, folder, pictures, out / KEPT, progress)
    own = [(model, [line for _, one, line in lines if one is model]) for model in study.models]
    rows = [row for model, found in own for row in _rows(model, found, study.seed)]
    summary = {"pictures": len(pictures), "resolution": study.resolution, "seed": study.seed,
               "networks": [_counted(model.name, found) for model, found in own], "rows": rows}
    write_whole(out / "effects.json", (json.dumps(summary, indent=2) + "\n").encode())
    write_whole(out / "effects.csv", effects_csv(lines).encode(errors="backslashreplace"))
    write_whole(out / "effects.md", render_effects(summary, printable(command)).encode(errors="backslashreplace"))
    return summary


def _measured(study: Study, folder: Path, pictures: Sequence[str], out: Path, progress: Callable) -> list[Line]:
    kept = dict(filter(None, map(line_read, read_regular(out).splitlines()))) if out.exists() else {}
    found = []
    with saying_where(out), open(out, "a") as file:
        file.write("\n")  # behind a line that was cut short
        for picture in progress(list(pictures)):
            path, features = folder / picture, {}
            try:
                content, photo = _content(study, path), None
                for model in study.models:
                    key = (*study.key(content, model)[:5], "effects")
                    if key not in kept:
                        photo = photo or (study.frames.of(path) if is_clip(path) else open_picture(path))
                        if why := _of_another_kind(model, photo):
                            found.append((picture, model, {"why_not": why}))
                            continue
                        kept[key] = effects_of_picture(model, _run(study, model, photo, features), _label(model, path),
                                                       study.resolution)
                        file.write(line_of(key, kept[key]) if "why_not" not in kept[key] else "")
                    found.append((picture, model, kept[key]))
            except (PictureError, OSError) as error:
                found += [(picture, model, {"why_not": str(error)}) for model in study.models]
            file.flush()
    return found


def _of_another_kind(model: Model, photo: Picture) -> str:
    """Why effects are not measured of this picture, or clip; else ""."""
    try:
        check_frames(model, photo)
    except ValueError as error:
        return str(error)
    by_frame = isinstance(photo, Clip) and not model.clips
    return BY_FRAME if by_frame else ""


def _content(study: Study, path: Path) -> str:
    """Of a video; or of a picture and the mask beside it, whatever their names."""
    if is_clip(path):
        return content_of(study, path)
    content = read_picture(path)
    mask = path.with_suffix(".png")
    beside = read_regular(mask) if mask != path and mask.is_file() else b""
    return sha256(sha256(content).digest() + sha256(beside).digest()).hexdigest()


def _label(model: Model, path: Path) -> int | Tensor | None:
    return label_of(model.card.get("data"), path) if model.classes is not None else None


def _run(study: Study, model: Model, photo, features: dict) -> Callable[[], object]:
    """A pass of a network; the frozen backbone runs once for all that share it."""
    if not isinstance(model.net, OnBackbone):
        x = as_input(model.preprocess(photo, study.resolution)[0], model)
        return lambda: model(x)
    def run() -> object:
        if model.preprocess not in features:
            features[model.preprocess] = model.net.features(as_input(model.preprocess(photo, study.resolution)[0], model))
        return model.net.head(features[model.preprocess])
    return run


@torch.inference_mode()
def effects_of_picture(model: Model, run: Callable[[], object], label: int | Tensor | None, resolution: int) -> dict:
    """The effects of each replacement on one picture, by its name, with ``tally`` where there is a label; ``own`` has that alone.

    A replacement that is not possible has its ``reason``; a network that raised gives ``why_not``.
    """
    try:
        with one_at_a_time:
            own = run()
            found = {"own": {} if label is None else {"tally": tally_of(model, own, label, resolution)}}
            for how in WITH:
                try:
                    other = replaced_pass(model, run, how)
                except CannotReplace as error:
                    found[how] = {"reason": str(error)}
                    continue
                found[how] = effect_of(model, own, other)
                if label is not None:
                    found[how]["tally"] = tally_of(model, other, label, resolution)
    except Exception as error:  # a network may raise anything on one picture
        return {"why_not": f"{type(error).__name__}: {error}"}
    return found


def _counted(name: str, lines: list[dict]) -> dict:
    measured = [line for line in lines if "why_not" not in line]
    return {"model": name, "measured": len(measured), "scored": sum("tally" in line["own"] for line in measured),
            "left_out": dict(Counter(" ".join(line["why_not"].split()) for line in lines if "why_not" in line))}


def _rows(model: Model, lines: list[dict], seed: int) -> list[dict]:
    """A network's replacements over all pictures."""
    measured = [line for line in lines if "why_not" not in line]
    if not measured:
        return []
    done = {how: [line[how] for line in measured if "reason" not in line[how]] for how in WITH}
    scored = [line for line in measured if "tally" in line["own"] and all("tally" in line[how] for how in WITH if done[how])]
    scores = compared([line["own"]["tally"] for line in scored], {
        how: [line[how]["tally"] for line in scored] for how in WITH if done[how]}) if scored else {}
    rows = []
    for how, found in done.items():
        measures = {name: _over_pictures([one[name] for one in found], seed) for name in EFFECTS}
        reason = "" if found else measured[0][how]["reason"]
        means = {name: numbers and numbers["mean"] for name, numbers in measures.items()}
        rows.append({"model": model.name, "how": how, "pictures": len(found), "measures": measures, "scores": scores.get(how, {}),
                     "own_scores": scores.get("own", {}), "reason": reason, "sentence": effect_in_words(how, means, reason)})
    return rows


def _over_pictures(values: list[float | None], seed: int) -> dict[str, float] | None:
    if not values or None in values:
        return None
    low, high = interval(values, seed)
    return {"mean": sum(values) / len(values), "low": low, "high": high}
