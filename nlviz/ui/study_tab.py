"""The tab Study: a folder of one's own pictures through some networks."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path

import gradio as gr

from ..measures import NAMES
from ..pictures import CLIP_SUFFIXES, SUFFIXES
from ..study import Study, between, label_of, measure_file, or_not, told, write_report
from .presets import Groups
from .store import Store
from .turns import Overtaken

MEASURED = [*SUFFIXES, *CLIP_SUFFIXES]
AT_ONCE = 2  # studies, of different visits
INVITATION = ("Does attention depend on the query, in your own pictures? Choose a folder, some pictures or videos, choose "
              "networks, and measure: GCNet's table comes out, each number beside its baselines.")
COLUMNS = ["Network", "Cosine, input", "Cosine, output", "Cosine, attention", "JSD, attention (nats)", "95 % interval",
           "Keys shuffled", "Fresh weights", "What it says"]


def choices_of(groups: Groups) -> list[tuple[str, str]]:
    """The networks as the tab lists them."""
    return [(f"{heading.partition(' (')[0]}: {network.label}", network.name)
            for heading, group in groups.items() for network in group]


def study_tab(store: Store, groups: Groups, chosen: list[str], offered: list[int], size: int) -> gr.Dropdown:
    """Lay the tab out; ``offered``: input resolutions, ``size`` the one that is chosen.

    Returns:
        the list of networks, to which a visitor's own are added.
    """
    choices = choices_of(groups)
    gr.Markdown(INVITATION)
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            pictures = gr.File(label="Pictures and videos", file_count="multiple", file_types=MEASURED, height=160,
                               elem_id="study-pictures")
            folder = gr.UploadButton("Choose a folder", file_count="directory", size="sm", elem_id="study-folder")
        with gr.Column(scale=2, min_width=320):
            networks = gr.Dropdown(choices, value=chosen, multiselect=True, label="Networks", elem_id="study-networks")
            resolution = gr.Radio(offered, value=size, label="Input resolution (long side, pixels)")
            with gr.Row():
                measure = gr.Button("Measure", variant="primary", size="md", elem_id="study-measure")
                stop = gr.Button("Stop", size="md", elem_id="study-stop")
    status = gr.Markdown(elem_id="study-status")
    table = gr.HTML(visible=False, padding=False, elem_id="study-table")
    figure = gr.Image(label="Over the pictures", visible=False, interactive=False, elem_id="study-figure", buttons=["download"])
    report = gr.File(label="The report: tables, figures and every number", visible=False, elem_id="study-report")
    folder.upload(lambda paths: [path for path in paths if Path(path).suffix.lower() in MEASURED], folder, pictures)

    def run(who: gr.Request, paths, names, size):
        yield from _measure(store, who.session_hash, paths or [], names, size)

    running = measure.click(run, [pictures, networks, resolution], [status, table, figure, report], show_progress="hidden",
                            concurrency_limit=AT_ONCE, trigger_mode="multiple")
    stop.click(lambda: "Measuring was stopped.", None, status, cancels=[running])
    return networks


def _measure(store: Store, session: str | None, paths: list[str], names: list[str], resolution: int) -> Iterator[tuple]:
    """What the status line, the table, the figure and the report show while pictures are measured; a newer study ends it."""
    nothing, own = gr.update(visible=False), store.seals.visit(session)
    visit = f"{own} study"
    request = store.turns.begin(visit)
    if wrong := _what_is_wrong(store, own, paths, names, resolution):
        yield wrong, nothing, nothing, nothing
        return
    yield "Loading the networks …", nothing, nothing, nothing
    study, lines, started = Study([store.model(name, own) for name in dict.fromkeys(names)], resolution), [], time.monotonic()
    for done, (name, path) in enumerate(_named(paths).items(), 1):
        try:
            with store.turns.opening(visit, request):
                lines += [(name, model, line) for model, line in measure_file(study, Path(path), study.models)]
        except Overtaken:
            yield gr.skip(), gr.skip(), gr.skip(), gr.skip()
            return
        left = (time.monotonic() - started) / done * (len(paths) - done)
        yield f"Measured {done} of {len(paths)} pictures, about {left:.0f} s left …", gr.skip(), gr.skip(), gr.skip()
    with tempfile.TemporaryDirectory(prefix="nlviz_") as folder:  # gradio copies what it shows before it goes on
        yield _shown(lines, resolution, Path(folder))


def _what_is_wrong(store: Store, visit: str, paths: list[str], names: list[str], resolution: int) -> str:
    limits = store.limits
    if not paths:
        return "Choose pictures first."
    if len(paths) > limits.study_pictures:
        return (f"{len(paths)} pictures; at most {limits.study_pictures} at a time. The command line takes any number: "
                "`python -m nlviz study FOLDER --model NAME --out REPORT`.")
    if not isinstance(names, list) or not names:
        return "Choose at least one network."
    if type(resolution) is not int:
        return "Choose an input resolution."
    try:
        limits.check_view(list(dict.fromkeys(names)), resolution)
        for name in names:
            store.check_pass(visit, name, resolution)
    except ValueError as error:
        return str(error)
    return ""


def _named(paths: list[str]) -> dict[str, str]:
    """Each picture's own name, told apart by numbers where several have one."""
    found = {}
    for path in paths:
        stem, suffix, number = Path(path).stem, Path(path).suffix, 1
        while (name := f"{stem}{suffix}" if number == 1 else f"{stem} ({number}){suffix}") in found:
            number += 1
        found[name] = path
    return found


def _shown(lines: list[tuple], resolution: int, folder: Path) -> tuple:
    """The report, written into a folder that is there until it is shown."""
    out = folder / "report"
    out.mkdir()
    summary = write_report(lines, out, Path("FOLDER"), resolution, 0, "")
    whole = shutil.make_archive(str(folder / "nlviz_study"), "zip", out)
    said = f"{summary['pictures']} pictures measured."
    for entry in summary["broken"] + summary["failed"]:
        said += f"\n- Left out: {entry['picture']}: {entry['reason']}"
    if not summary["rows"]:
        return said, *[gr.update(visible=False)] * 3
    return (said, gr.update(value=_table(told(summary["rows"])), visible=True),
            gr.update(value=str(out / "distribution.png"), visible=True), gr.update(value=whole, visible=True))


def _table(rows: list[dict]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in _cells(row))}</tr>" for row in rows)
    heads = "".join(f"<th>{escape(text)}</th>" for text in COLUMNS)
    return f'<div class="nlviz-table"><table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cells(row: dict) -> list[str]:
    measures = row["measures"]
    jsd = measures["jsd_att_nats"]
    means = [or_not(measures[name].get("mean")) for name in NAMES]
    baselines = [or_not(jsd.get(name)) for name in ("shuffled", "fresh")]
    return [label_of(row), *means, between(jsd) if "mean" in jsd else "n/a", *baselines, row["sentence"]]
