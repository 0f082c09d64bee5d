"""The command line: python -m nlviz models | render | train."""

import argparse
import json
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


def _train(args: argparse.Namespace) -> None:
    from .cards import CHECKPOINTS
    from .models import MODELS
    from .train import train

    out = args.out or CHECKPOINTS
    names = [n for n in MODELS if not (out / f"{n}.json").exists()] if args.name == "all" else [args.name]
    for name in names:
        card = train(name, args.data, out, seed=args.seed, epochs=args.epochs, seeds=args.seeds)
        print(f"{name}: {card['metric']} {card['score']:.1%}")


if __name__ == "__main__":
    sys.exit(main())
