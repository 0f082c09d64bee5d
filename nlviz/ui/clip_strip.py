"""The strip on which the frames of a clip are chosen: thumbnails of the whole video, and which part of it is shown."""

import base64
import io
from dataclasses import asdict
from pathlib import Path

import gradio as gr

from ..pictures import MIN_FRAMES, Chosen
from .opening import Shown, overview_of

HERE = Path(__file__).parent
SCRIPT = "".join((HERE / name).read_text() for name in ("make.js", "clip_strip.js"))


def make_strip(most: int) -> gr.HTML:
    """Its value is None of a photo, else what ``strip_of`` gives; the event ``input`` comes when the visitor has chosen.

    Args:
        most: frames that can be chosen.
    """
    return gr.HTML(value=None, html_template='<div class="nlviz nlviz-clip-strip" hidden></div>', js_on_load=SCRIPT, padding=False,
                   apply_default_css=False, elem_id="frames", least=MIN_FRAMES, most=most)


def strip_of(shown: Shown) -> dict | None:
    """``overview``: count, exact, fps and thumbnails; ``chosen``: start, count and stride. None of a photo."""
    if shown.clip is None:
        return None
    whole = overview_of(shown.path)
    thumbnails = [_url(image) for image in whole.thumbnails]
    return {"overview": {"count": whole.count, "exact": whole.exact, "fps": whole.fps, "thumbnails": thumbnails},
            "chosen": asdict(shown.clip)}


def chosen_in(value: object) -> Chosen:
    """What a visitor chose.

    Raises:
        ValueError: it is no choice of frames; the message says why.
    """
    found = value.get("chosen") if isinstance(value, dict) else None
    if not isinstance(found, dict) or found.keys() != {"start", "count", "stride"}:
        raise ValueError("The page asked for frames that are no choice of frames. Reload it and choose again.")
    return Chosen(**found)


def _url(image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
