"""One head of a map, or its positions alone, in the form that keeps what the map itself allows."""

from dataclasses import replace

from torch import Tensor

from .among import among, first_keys
from .factors import Factors
from .framewise import Framewise
from .items import Form
from .lazy import OverHeads, over_heads


def head_of(form: Form, which: int | str) -> Form:
    """One head, their ``mean`` or ``max``, of (B, heads, N, N').

    One head of queries and keys is such a map again; anything else is read from all heads.
    """
    if isinstance(form, Tensor):
        return over_heads(form, which)
    if isinstance(form, Framewise):
        return replace(form, inner=head_of(form.inner, which))
    if isinstance(form, Factors) and isinstance(which, int) and form.bias is None and form.k.shape[1] == form.q.shape[1]:
        return replace(form, q=form.q[:, which], k=form.k[:, which])
    return OverHeads(form, which)


def among_of(form: Form, sizes: tuple[int, int], normalised: bool) -> Form:
    """The first N rows and N' columns, ``sizes``; those of distributions sum to 1 again where ``normalised``."""
    if isinstance(form, Tensor):
        return first_keys(form[..., : sizes[0], :], sizes[1], normalised)
    if isinstance(form, Framewise):
        return Framewise(among_of(form.inner, tuple(size // form.frames for size in sizes), normalised))
    return among(form, sizes, normalised)
