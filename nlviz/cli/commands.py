"""What each command of the command line does; what it needs is imported when it runs, so that --help is quick."""

import argparse
import json
import shlex
import signal
import sys
from pathlib import Path

from ..recipes import SETTINGS

RECIPE_OPTIONS = ("resolution", "layout", "width", "dpi", *SETTINGS)


def models(args: argparse.Namespace) -> None:
    from ..models import list_models

    rows = list_models()
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'name':34}{'block':20}{'task':16}{'score':>8}{'without':>9}  grid at 448 px")
    for row in rows:
        score, without = ("n/a" if row[key] is None else f"{row[key]:.1%}" for key in ("score", "score_without_block"))
        grids = ", ".join(" x ".join(map(str, grid)) for grid in row["grids_at_448"] if grid) or "-"
        missing = f"  not here: {row['how']}" if row["how"] else ""
        print(f"{row['name']:34}{row['block'] or '-':20}{row['task'] or '-':16}{score:>8}{without:>9}  {grids}{missing}")


def _loaded(names: list[str], **options) -> list:
    """The networks, each once; what must be known of their weights goes to stderr."""
    from ..models import load_model

    found = []
    for name in dict.fromkeys(names):
        found.append(load_model(name, **options))
        for note in found[-1].card.get("notes", []):
            print(f"nlviz: {name}: {note}", file=sys.stderr)
    return found


def render(args: argparse.Namespace) -> None:
    from ..export import find_picture, opened, outputs_for, pictures_named, read_recipe, render_all
    from ..recipes import Recipe

    given = {name: getattr(args, name) for name in RECIPE_OPTIONS if getattr(args, name) is not None}
    if args.part:
        given["parts"] = dict(args.part)
    if args.recipe:
        recipe = read_recipe(args.recipe)
        if recipe is None:
            raise ValueError(f"{args.recipe} carries no recipe of nlviz")
        recipe = recipe.but(given)
        pictures = pictures_named(args.picture) or [find_picture(recipe, [args.recipe.parent, Path()])]
    elif not (args.picture and args.model and args.query):
        raise ValueError("render needs a PICTURE, a --model and a --query; or a --recipe")
    else:
        networks = [{"name": name} for name in dict.fromkeys(args.model)]
        recipe = Recipe.checked(given | {"networks": networks, "queries": args.query})
        pictures = pictures_named(args.picture)
    outs = outputs_for(pictures, args.out, args.format)  # a wrong name is said before anything runs
    frames = _chosen(args)
    opened(pictures[0], recipe, frames)
    models = _loaded([network["name"] for network in recipe.networks])
    render_all(pictures, outs, models, recipe, frames=frames, whole_maps=args.whole_maps, overwrite=args.overwrite)


def measure(args: argparse.Namespace) -> None:
    from ..analysis import analyse
    from ..measures import effects, measures_of
    from ..pictures import open_media
    from .tables import lines_of_effects, table_of

    picture, models = open_media(args.picture, **_chosen(args)), _loaded(args.model)
    rows = [row for model in models for row in measures_of(analyse(model, picture, args.resolution), args.seed)]
    found, reasons = [], {}
    for model in models if args.effects else ():
        try:
            found += effects(model, picture, resolution=args.resolution)
        except ValueError as error:  # the other networks' are there all the same
            reasons[model.name] = str(error)
    if args.json:
        all_of_it = {"maps": rows, "effects": found, "effects_left_out": reasons}
        print(json.dumps(all_of_it if args.effects else rows, indent=2, allow_nan=False))
    else:
        left_out = [f"{name}, effects n/a: {why.removeprefix(name + ': ')}" for name, why in reasons.items()]
        print("\n".join([table_of(rows), *lines_of_effects(found), *left_out]))


def _chosen(args: argparse.Namespace) -> dict[str, int]:
    """What was said of the frames of a video; on the command line they are counted from 1."""
    if args.start == 0 or args.stride == 0:
        raise ValueError("--start and --stride are counted from 1")
    given = {"start": args.start and args.start - 1, "count": args.frames, "stride": args.stride}
    return {name: value for name, value in given.items() if value is not None}


def study(args: argparse.Namespace) -> None:
    import torch

    from ..files import printable
    from ..models import MODELS
    from ..study import Frames, Study, lines_of_counts, masks_in, pictures_in, run_effects, run_study

    torch.set_num_threads(1)  # the same numbers however the pictures are shared out; torchrun takes more cores
    pictures = pictures_in(args.folder, args.list, args.limit)
    names = [name for given in args.model for name in
             ([n for n, spec in MODELS.items() if spec.data == given and spec.block] or [given])]
    folder = {"folder": args.checkpoints} if args.checkpoints else {}
    frames = Frames(**_chosen(args))
    study = Study(_loaded(names, **folder), args.resolution, args.seed, args.terms, frames)
    command = shlex.join(["python", "-m", "nlviz", *sys.argv[1:]])
    summary = run_study(study, args.folder, pictures, args.out, command=command)
    if summary:
        _say(summary, args.out)
        if args.list is None and (masks := masks_in(args.folder)):
            print(f"nlviz: {len(masks)} PNG files beside photos of the same name ({printable(masks[0])}, ...) are masks, "
                  "and not measured; --list says what is", file=sys.stderr)
    if summary and args.effects:  # under torchrun: the first process
        found = run_effects(study, args.folder, pictures, args.out, command)
        for row in found["rows"]:
            print(f"{row['model']:44} {row['sentence']}")
        print("\n".join(lines_of_counts(found)))
        print(f"what replacing its maps does, in {args.out / 'effects.md'}")


def _say(summary: dict, out: Path) -> None:
    from ..study import few

    for row in few(summary["rows"]):
        name = f"{row['network']} {row['part']}".strip()
        print(f"{name:44} {' '.join(filter(None, (row['sentence'], row['of_clip'])))}")
    for entry in summary["broken"] + summary["failed"]:
        print(f"nlviz: left out {entry['picture']}: {entry['reason']}", file=sys.stderr)
    print(f"{summary['pictures']} pictures{' and clips' * ('frames' in summary)}; report in {out / 'README.md'}")


def _end_cleanly(*_) -> None:
    """Asked to end, the page leaves no uploads behind."""
    sys.exit(0)


def serve(args: argparse.Namespace) -> None:
    from ..ui import launch

    _check_models(args.model)
    signal.signal(signal.SIGTERM, _end_cleanly)
    first = {"chosen": args.model} if args.model else {}
    launch(host=args.host, port=args.port, snapshots=args.snapshots, **first, **_limits(args))


def _check_models(names: list[str]) -> None:
    """What is wrong with a name is said before the page is built."""
    from ..models import check_model

    for name in names:
        check_model(name)


def _limits(args: argparse.Namespace) -> dict:
    """The page's limits as an argument, where some were given."""
    from ..ui import Limits

    given = {name.removeprefix("max_"): most for name, most in vars(args).items() if name.startswith("max_") and most is not None}
    return {"limits": Limits(**given)} if given else {}


def open_page(args: argparse.Namespace) -> None:
    from ..pictures import Clip, open_media
    from ..ui import launch

    signal.signal(signal.SIGTERM, _end_cleanly)
    picture = open_media(args.picture, **_chosen(args))
    _check_models(args.model)
    launch(photo=args.picture, chosen=args.model, resolution=args.resolution, host=args.host, port=args.port,
           clip=picture.chosen if isinstance(picture, Clip) else None, **_limits(args))


def train(args: argparse.Namespace) -> None:
    from ..models import MODELS, NEW_CHECKPOINTS
    from ..training import train

    out = args.out or NEW_CHECKPOINTS
    names = [n for n in MODELS if not (out / f"{n}.json").exists()] if args.name == "all" else [args.name]
    for name in names:
        card = train(name, args.data, out, seed=args.seed, epochs=args.epochs, seeds=args.seeds)
        print(f"{name}: {card['metric']} {card['score']:.1%}, in {out}")
