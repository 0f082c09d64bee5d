"""Numbers as the text in which the viewer takes them."""

import base64

from torch import Tensor

from ..pictures import Placement


def to_base64(tensor: Tensor) -> str:
    """Little-endian float32."""
    return base64.b64encode(tensor.detach().cpu().float().numpy().astype("<f4").tobytes()).decode()


def half_to_base64(tensor: Tensor) -> str:
    """Little-endian float16."""
    return base64.b64encode(tensor.detach().cpu().half().numpy().astype("<f2").tobytes()).decode()


def place_of(place: Placement) -> dict:
    """Where a grid lies in the picture; of a clip also in time."""
    found = {"scale": [float(s) for s in place.scale[:2]], "offset": [float(o) for o in place.offset[:2]]}
    return found | {"time": {"scale": float(place.scale[2]), "offset": float(place.offset[2])}} if place.of_clip else found
