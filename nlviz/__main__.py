"""The command line: python -m nlviz models | render | study | open | train."""

import argparse
import json
import shlex
import sys
from pathlib import Path

from .cards import CheckpointError
from .images import RESOLUTIONS, PictureError


def main(arguments: list[str] | None = None) -> int:
    """Run one command; bad input is one line on stderr and exit code 2."""
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except (PictureError, CheckpointError, ValueError, OSError, EOFError) as error:
        print(f"nlviz: {error}", file=sys.stderr)
        return 2
    except KeyError as error:  # str() of a KeyError is quoted
        print(f"nlviz: {error.args[0]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("nlviz: stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m nlviz", description="See who attends to whom in a vision network.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    models = commands.add_parser("models", help="list the bundled networks")
    models.add_argument("--json", action="store_true", help="as JSON")
    models.set_defaults(run=_models)

    render = commands.add_parser("render", help="draw queries by networks into a file")
    render.add_argument("picture")
    render.add_argument("--model", action="append", required=True, metavar="NAME", help="a bundled network; may be repeated")
    render.add_argument("--query", action="append", required=True, type=_query, metavar="X,Y",
                        help="fractions of width and height, 0 to 1; may be repeated")
    render.add_argument("--out", required=True, type=Path, metavar="FIGURE.{png,pdf}")
    render.add_argument("--resolution", type=int, default=448, choices=RESOLUTIONS, help="long side of the input, pixels")
    render.set_defaults(run=_render)

    study = commands.add_parser("study", help="does attention depend on the query? GCNet's numbers over a folder of pictures",
                                description="Stopped, it goes on where it was. Under torchrun the pictures are shared out.")
    study.add_argument("folder", type=Path)
    study.add_argument("--model", action="append", required=True, metavar="NAME",
                       help="a bundled network, or 'all' of a data set: 'msrc', 'caltech101', ...; may be repeated")
    study.add_argument("--out", required=True, type=Path, metavar="REPORT", help="folder for the report")
    study.add_argument("--list", type=Path, metavar="FILE", help="only the pictures named there, one a line")
    study.add_argument("--limit", type=int, metavar="N", help="at most N pictures, spread evenly")
    study.add_argument("--terms", action="store_true", help="also split softmax maps into their pairwise and unary term")
    study.add_argument("--checkpoints", type=Path, metavar="DIR", help="where the checkpoints are (default: checkpoints/)")
    study.add_argument("--seed", type=int, default=0, help="of the fresh weights and the intervals")
    study.add_argument("--resolution", type=int, default=448, choices=RESOLUTIONS, help="long side of the input, pixels")
    study.set_defaults(run=_study)

    page = commands.add_parser("open", help="open the page on a picture")
    page.add_argument("picture", type=Path)
    page.add_argument("--model", action="append", required=True, metavar="NAME", help="a bundled network; may be repeated")
    page.add_argument("--resolution", type=int, default=448, choices=RESOLUTIONS, help="long side of the input, pixels")
    page.add_argument("--host", help="default: this machine only")
    page.add_argument("--port", type=int, help="default: the first free one from 7860")
    page.set_defaults(run=_open)

    train = commands.add_parser("train", help="make a bundled checkpoint")
    train.add_argument("name", help="a bundled network, DATA_BLOCK, or 'all' for those not made yet")
    train.add_argument("--data", type=Path, required=True, metavar="DIR",
                       help="folder with msrc, camvid, caltech101 and FashionMNIST")
    train.add_argument("--out", type=Path, help="where the checkpoint goes (default: checkpoints/)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--seeds", type=int, default=1, help="how many seeds to train and score; the first is kept")
    train.add_argument("--epochs", type=int, help="default: 6 for caltech101, 30 for msrc and camvid, 8 for fashion")
    train.set_defaults(run=_train)
    return parser


def _query(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected X,Y such as 0.4,0.6, got {text!r}") from None
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise argparse.ArgumentTypeError(f"X and Y are fractions, 0 to 1, got {text!r}")
    return x, y


def _models(args: argparse.Namespace) -> None:
    from .models import list_models

    rows = list_models()
    if args.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'name':34}{'block':20}{'task':16}{'score':>8}{'without':>9}  grid at 448 px")
    for row in rows:
        without = "n/a" if row["score_without_block"] is None else f"{row['score_without_block']:.1%}"
        grids = ", ".join(" x ".join(map(str, grid)) for grid in row["grids_at_448"]) or "-"
        print(f"{row['name']:34}{row['block'] or '-':20}{row['task']:16}{row['score']:>8.1%}{without:>9}  {grids}")


def _render(args: argparse.Namespace) -> None:
    from .analysis import analyse
    from .figures import format_of, queries_by_networks, save_figure
    from .images import open_picture
    from .models import load_model

    format_of(args.out)  # a wrong name is said before anything runs
    picture = open_picture(args.picture)
    analyses = [analyse(load_model(name), picture, args.resolution) for name in args.model]
    save_figure(queries_by_networks(analyses, args.query), args.out)


def _study(args: argparse.Namespace) -> None:
    import torch

    from .models import load_model
    from .specs import MODELS
    from .study import Study, pictures_in, run_study

    torch.set_num_threads(1)  # the same numbers however the pictures are shared out; torchrun takes more cores
    pictures = pictures_in(args.folder, args.list, args.limit)
    names = [name for given in args.model for name in
             ([n for n, spec in MODELS.items() if spec.data == given and spec.block] or [given])]
    folder = {"folder": args.checkpoints} if args.checkpoints else {}
    study = Study([load_model(name, **folder) for name in dict.fromkeys(names)], args.resolution, args.seed, args.terms)
    summary = run_study(study, args.folder, pictures, args.out, command=shlex.join(["python", "-m", "nlviz", *sys.argv[1:]]))
    if summary:
        _say(summary, args.out)


def _say(summary: dict, out: Path) -> None:
    for row in summary["rows"]:
        name = f"{row['model']} {row['part']}".strip()
        print(f"{name:44} {row['sentence']}")
    for entry in summary["broken"] + summary["failed"]:
        print(f"nlviz: left out {entry['picture']}: {entry['reason']}", file=sys.stderr)
    print(f"{summary['pictures']} pictures; report in {out / 'README.md'}")


def _open(args: argparse.Namespace) -> None:
    from .images import open_picture
    from .specs import get_spec
    from .ui.page import launch

    open_picture(args.picture)  # what is wrong with it is said before the page is built
    for name in args.model:
        get_spec(name)
    launch(photo=args.picture, chosen=args.model, resolution=args.resolution, host=args.host, port=args.port)


def _train(args: argparse.Namespace) -> None:
    from .cards import CHECKPOINTS
    from .specs import MODELS
    from .train import train

    out = args.out or CHECKPOINTS
    names = [n for n in MODELS if not (out / f"{n}.json").exists()] if args.name == "all" else [args.name]
    for name in names:
        card = train(name, args.data, out, seed=args.seed, epochs=args.epochs, seeds=args.seeds)
        print(f"{name}: {card['metric']} {card['score']:.1%}")


if __name__ == "__main__":
    sys.exit(main())
