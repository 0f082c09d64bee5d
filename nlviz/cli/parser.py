"""What the command line takes: nlviz models | render | measure | study | serve | open | train."""

import argparse
import sys
from pathlib import Path

from ..recipes import ARROWS, FRAMES, LAYOUTS, RESOLUTIONS, WIDTHS, split_part
from . import commands as run

DISPLAY = {"colours": "viridis, inferno, magma, cividis or gray", "scale": "'times uniform', 'shared' or 'per panel'",
           "view": "'cells' or 'smooth'", "opacity": "0 to 1",
           "veil": "'rising' along the scale from the bare photo, or 'even'", "backdrop": "the photo under it, 'grey' or 'colour'",
           "direction": "'attends to' or 'attended by'",
           "token": "ask a named token, such as 'class token', in place of the queries' places",
           "term": "'full', 'pairwise only', 'unary only', 'row minus the mean row', 'input similarity' or 'output similarity'"}

MODEL = ("a bundled network; or timm:NAME, torchvision:NAME, hf:ID-or-folder or python:package.module:factory, each perhaps with "
         "@WEIGHTS.safetensors or .pth behind it; or file:CHECKPOINT, perhaps with ?question=answer&... behind it; or 'A minus B'; "
         "may be repeated")
LIMITS = {"networks": "networks compared at once, 1 to 8 (default: 8)", "queries": "queries in a figure, 1 to 8 (default: 8)",
          "resolution": "long side of an input in pixels (default: 1024)", "frames": "frames of a clip, 4 to 32 (default: 32)",
          "clip_megapixels": "all frames of a clip as inputs, in millions of pixels (default: 8)",
          "export_megapixels": "an exported figure, in millions of pixels (default: 100)",
          "whole_maps_mb": "whole maps in a zip (default: 256)", "upload_mb": "a file that comes (default: 40)",
          "checkpoint_mb": "a visitor's own checkpoint (default: 500)",
          "pass_gigaflops": "a pass of a visitor's own network, in billions of operations (default: 2000)",
          "study_pictures": "pictures in a study at once (default: 500)", "visits": "visits at work at once (default: 8)",
          "waiting": "events of one visit in the queue (default: 8)"}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; bad input is one line on stderr and exit code 2."""
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except (ValueError, OSError, EOFError) as error:
        print(f"nlviz: {error}", file=sys.stderr)
        return 2
    except KeyError as error:  # str() of a KeyError is quoted
        print(f"nlviz: {error.args[0]}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("nlviz: stopped; the same command goes on where it was", file=sys.stderr)
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    """What is wrong with the arguments is one line, as everything else that is wrong."""

    def error(self, message: str):
        self.exit(2, f"nlviz: {message} (see {self.prog} --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="nlviz", description="See who attends to whom in a vision network.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (_add_models, _add_render, _add_measure, _add_study, _add_serve, _add_open, _add_train):
        add(commands)
    return parser


def _add_models(commands) -> None:
    parser = commands.add_parser("models", help="list the bundled networks")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=run.models)


def _add_render(commands) -> None:
    parser = commands.add_parser("render", help="draw figures into files", description="One picture gives one file, several a "
                                   "folder. FIGURE.zip has the figure in every format, the rows and the numbers; FIGURE.html "
                                   "works offline in a browser.")
    parser.add_argument("picture", nargs="*", metavar="PICTURE", help="paths, or patterns such as 'photos/*.jpg'; also of videos")
    parser.add_argument("--recipe", type=Path, metavar="RECIPE.json", help="draw what a recipe, or an exported figure, says")
    parser.add_argument("--model", action="append", metavar="MODEL", help=MODEL)
    parser.add_argument("--query", action="append", type=_query, metavar="X,Y[,FRAME]",
                        help="fractions of width and height, 0 to 1, and of a clip its frame, from 1; may be repeated")
    _add_clip(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="FIGURE.{png,svg,pdf,zip,html,gif,mp4}",
                        help="or a folder; GIF and MP4 are the query moving, through the frames of a clip or from one to the next")
    parser.add_argument("--format", default="png", choices=["png", "svg", "pdf", "zip", "html", "gif", "mp4"],
                        help="of the files in a folder")
    parser.add_argument("--layout", choices=LAYOUTS, help=f"default: {LAYOUTS[0]}")
    parser.add_argument("--width", choices=WIDTHS, help="3.3, 6.9 or 13.3 inches; default: two columns")
    parser.add_argument("--dpi", type=int, help="dots per inch of a PNG, 50 to 1200; default: 300")
    parser.add_argument("--part", action="append", type=_part, metavar="NAME/0=PART",
                        help="which map of a call of a block to draw; NAME/0+1 is a further one beside it; may be repeated")
    parser.add_argument("--arrows", type=int, choices=ARROWS,
                        help="of a clip: to how many of a query's strongest keys (default: 20)")
    for name, words in DISPLAY.items():
        parser.add_argument(f"--{name}", type=float if name == "opacity" else str, help=words)
    parser.add_argument("--resolution", type=int, choices=RESOLUTIONS, help="long side of the input, pixels; default: 448")
    parser.add_argument("--whole-maps", action="store_true", help="put whole maps into the zip, not only the queries' rows")
    parser.add_argument("--overwrite", action="store_true", help="an existing zip may be overwritten")
    parser.set_defaults(run=run.render)


def _add_measure(commands) -> None:
    parser = commands.add_parser("measure", help="GCNet's numbers of every map of one picture or clip, with baselines")
    parser.add_argument("picture")
    _add_clip(parser)
    parser.add_argument("--model", action="append", required=True, metavar="MODEL", help=MODEL)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--effects", action="store_true", help="and what replacing its maps does to each network's output: by one "
                        "map for all queries, by none, ...; as JSON an object of maps and effects")
    parser.add_argument("--seed", type=int, default=0, help="of the fresh weights")
    parser.add_argument("--resolution", type=int, default=448, choices=RESOLUTIONS, help="long side of the input, pixels")
    parser.set_defaults(run=run.measure)


def _add_study(commands) -> None:
    parser = commands.add_parser("study", help="does attention depend on the query? GCNet's numbers over a folder of pictures "
                                "and videos",
                                description="Stopped, it goes on where it was. Under torchrun the pictures are shared out. Of a "
                                "video, or an animated picture, some frames are measured as a clip.")
    parser.add_argument("folder", type=Path, help="and those below it; a PNG beside a photo of the same name is its mask")
    _add_clip(parser)
    parser.add_argument("--model", action="append", required=True, metavar="MODEL",
                       help=f"a data set (msrc, caltech101, ...) for all of its; {MODEL}")
    parser.add_argument("--out", required=True, type=Path, metavar="REPORT", help="folder for the report")
    parser.add_argument("--list", type=Path, metavar="FILE", help="only the pictures named there, one a line")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N pictures, spread evenly")
    parser.add_argument("--terms", action="store_true", help="also split softmax maps into their pairwise and unary term")
    parser.add_argument("--effects", action="store_true", help="also what replacing its maps does to each network's output, and, "
                        "where the pictures have labels (msrc, camvid, caltech101), to its score")
    parser.add_argument("--checkpoints", type=Path, metavar="DIR", help="where the checkpoints are (default: the bundled ones)")
    parser.add_argument("--seed", type=int, default=0, help="of the fresh weights and the intervals")
    parser.add_argument("--resolution", type=int, default=448, choices=RESOLUTIONS, help="long side of the input, pixels")
    parser.set_defaults(run=run.study)


def _add_serve(commands) -> None:
    parser = commands.add_parser("serve", help="serve the page")
    parser.add_argument("--model", action="append", default=[], metavar="MODEL",
                        help=f"what the page begins with, beside the bundled networks: {MODEL}")
    parser.add_argument("--snapshots", type=Path, metavar="FOLDER", help="of nlviz.Snapshots: a network in training, on a slider")
    _add_address(parser)
    parser.set_defaults(run=run.serve)


def _add_open(commands) -> None:
    parser = commands.add_parser("open", help="open the page on a picture or a clip")
    parser.add_argument("picture", type=Path)
    _add_clip(parser)
    parser.add_argument("--model", action="append", required=True, metavar="MODEL", help=MODEL)
    parser.add_argument("--resolution", type=int, default=448, choices=RESOLUTIONS, help="long side of the input, pixels")
    _add_address(parser)
    parser.set_defaults(run=run.open_page)


def _add_clip(parser: argparse.ArgumentParser) -> None:
    least, most = FRAMES
    parser.add_argument("--start", type=int, metavar="FRAME", help="of a video: its first frame, from 1 (default: 1)")
    parser.add_argument("--frames", type=int, metavar="N", help=f"of a video: how many frames, {least} to {most} (default: 8)")
    parser.add_argument("--stride", type=int, metavar="N", help="of a video: every N-th frame (default: three a second)")


def _add_address(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", help="address to listen on; default: this machine only")
    parser.add_argument("--port", type=int, help="default: the first free one from 7860")
    for name, words in LIMITS.items():
        parser.add_argument(f"--max-{name.replace('_', '-')}", type=int, metavar="N", help=f"what a visitor may ask for: {words}")


def _add_train(commands) -> None:
    parser = commands.add_parser("train", help="make a bundled checkpoint")
    parser.add_argument("name", help="a bundled network, DATA_BLOCK, or 'all' for those not made yet")
    parser.add_argument("--data", type=Path, required=True, metavar="DIR",
                       help="folder with msrc, camvid, caltech101 and FashionMNIST")
    parser.add_argument("--out", type=Path, help="where the checkpoint goes (default: checkpoints/ of the checkout; "
                        "where nlviz is installed: checkpoints/ in the current folder)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to train and score; the first is kept")
    parser.add_argument("--epochs", type=int, help="default: 6 for caltech101, 30 for msrc and camvid, 8 for fashion")
    parser.set_defaults(run=run.train)


def _query(text: str) -> tuple[float, ...]:
    try:
        x, y, *frames = text.split(",")
        x, y, (frame,) = float(x), float(y), [int(one) for one in frames] or [1]
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected X,Y such as 0.4,0.6, of a clip X,Y,FRAME such as 0.4,0.6,3, "
                                         f"got {text!r}") from None
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise argparse.ArgumentTypeError(f"X and Y are fractions, 0 to 1, got {text!r}")
    if not 1 <= frame <= FRAMES[1]:
        raise argparse.ArgumentTypeError(f"FRAME goes from 1 to {FRAMES[1]}, got {text!r}")
    return (x, y, frame - 1) if frames else (x, y)


def _part(text: str) -> tuple[str, str]:
    panel, found, name = split_part(text)
    if not found:
        raise argparse.ArgumentTypeError(f"expected NETWORK/CALL=PART such as msrc_criss_cross/0=A1, got {text!r}")
    return panel, name

