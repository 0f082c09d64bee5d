"""Does attention depend on the query? GCNet's numbers of one map, each beside what it would be without a reason.

Cao, Xu, Lin, Wei, Hu: GCNet, 2019 (arXiv 1904.11492), section 3.2.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..blocks import to_positions
from ..maps import Framewise, NLMap, cells, each_frame, precise
from ..metrics import COARSE, Cosines, Divergences, entropy, js_divergence
from ..numbers import percent
from .clips import CLIP_NAMES, clip_in_words, each_by_frame, measure_clip
from .reach import is_clip

NAMES = ("cosine_input", "cosine_output", "cosine_att", "jsd_att_nats")
NO_DISTRIBUTION = {"scaled": "rows are scaled by 1/N′, not a distribution", "raw": "rows are raw, not a distribution",
                   "similarity": "similarities are no distribution", "difference": "differences are no distribution"}
NO_ROWS = {"channels": "rows are those of channels: a place in the picture has none",
           "gate": "a gate has one value for each channel or position, and no row for a query"}
NOT_KEPT = "what this module was given is not kept"
PATCHES = "patches to patches"  # of a map with named tokens
AMONG = f"{PATCHES}, rows renormalised"  # where its rows are distributions
NEARLY_ONE, WEAKLY = 0.05, 0.5  # of what shuffled rows give
NEARLY_FLAT = 0.01 * math.log(2)  # nats that shuffled rows differ by: below it there is nothing to shuffle


@dataclass
class Dependence:
    """The numbers of one map.

    Attributes:
        values: by the names of NAMES, means over all N^2 pairs of positions: cosine distance of the block's input x_i, of
            what it adds z_i - x_i, and of the rows, 0 to 1; Jensen-Shannon divergence of the rows in nats, 0 to ln 2.
            A missing one is in ``reasons``. Of a clip, where rows have a divergence, also by CLIP_NAMES.
        shuffled: the same with each vector's numbers shuffled by themselves: what unrelated queries would give. (The information
            of a clip has none.)
        dealt: of a clip, by DEALT: the same with the queries of each place dealt to the frames at random.
        reasons: why a value is undefined.
        entropy_share: mean entropy of the rows as a share of ln N', 0 (one key) to 1 (flat); None where it is undefined.
        added_share: |z - x| as a share of |x|, root mean squares: how much the block is used; None of modules that are no block
            of nlviz, whose x is not kept.
        relates: what the map relates.
        by_frame: whether the network saw a clip frame by frame, so that rows end at their frame's edge by its design.
        note: ``patches to patches, rows renormalised`` where the map has named tokens, which the numbers leave out.
    """

    relates: str
    values: dict[str, float] = field(default_factory=dict)
    shuffled: dict[str, float] = field(default_factory=dict)
    dealt: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    entropy_share: float | None = None
    added_share: float | None = None
    note: str = ""
    by_frame: bool = False

    @property
    def sentence(self) -> str:
        """What the numbers mean, in words."""
        if "jsd_att_nats" in self.values:
            name = CLIP_NAMES[0] if self.by_frame else "jsd_att_nats"
            return dependence_in_words(self.values[name], self.shuffled[name], self.relates, self.by_frame)
        if "cosine_att" in self.values:
            share = self.values["cosine_att"] / max(self.shuffled["cosine_att"], 1e-12)
            return f"By cosine distance alone, rows differ by {percent(share)} of what shuffled rows would."
        return f"No answer here: {self.reasons['jsd_att_nats']}."

    @property
    def of_clip(self) -> str:
        """What a clip's numbers mean, in words: the place in the frame, or the frame? "" where there is nothing to say."""
        return clip_in_words(self.values, self.shuffled, self.dealt, self.relates, self.by_frame)


def measure(nl_map: NLMap, item: int = 0, names: Sequence[str] = NAMES) -> Dependence:
    """The numbers of one picture's or clip's map, from positions to positions; of a clip, of space-time positions.

    Args:
        item: which of the batch.
        names: what is measured; the entropy, and a clip's CLIP_NAMES, come with the divergence.
    """
    found = Dependence(nl_map.relates, note=note_of(nl_map),
                       by_frame=isinstance(nl_map.lazy, Framewise))
    _features(nl_map, item, found, names)
    try:
        nl_map = nl_map.among_positions()
    except ValueError as error:
        found.reasons |= dict.fromkeys(NAMES[2:], str(error))
        return found
    if nl_map.relates not in ("positions", "global"):
        found.reasons |= dict.fromkeys(NAMES[2:], NO_ROWS[nl_map.relates])
        if nl_map.relates == "channels" and nl_map.rows == "distribution":
            found.entropy_share = entropy_share(nl_map, item)
        return found
    queries = cells(nl_map.query_grid) if nl_map.relates == "global" else None
    if "cosine_att" in names:
        _record(found, "cosine_att", lambda: Cosines(nl_map.row_blocks(item)), queries)
    if nl_map.rows != "distribution":
        found.reasons["jsd_att_nats"] = NO_DISTRIBUTION[nl_map.rows]
        return found
    if is_clip(nl_map):
        pairs = _record(found, "jsd_att_nats", lambda: _of_clip(nl_map, item, found), queries)
    else:
        pairs = _record(found, "jsd_att_nats", lambda: Divergences(nl_map.row_blocks(item), COARSE), queries)
    if pairs is not None:
        found.entropy_share = _share_of_flat(pairs.entropy(), pairs.keys)
    return found


def note_of(nl_map: NLMap) -> str:
    """What numbers of a map with named tokens are of; "" without any."""
    if not (nl_map.query_tokens or nl_map.key_tokens):
        return ""
    return AMONG if nl_map.rows == "distribution" else PATCHES


def _of_clip(nl_map: NLMap, item: int, found: Dependence) -> Divergences:
    """Keep what depends on the place and on the frame, and give what is between all pairs."""
    pairs, *apart = measure_clip(nl_map, item)
    for kept, new in zip((found.values, found.shuffled, found.dealt), apart):
        kept |= new
    return pairs


def entropy_share(nl_map: NLMap, item: int = 0) -> float | None:
    """The mean entropy of the rows as a share of ln N', 0 (one key) to 1 (flat); None where there is one key.

    Raises:
        ValueError: rows are no distributions.
    """
    each = torch.cat([entropy(rows.double(), nl_map.dtype) for one in each_frame(nl_map) for rows in one.row_blocks(item)])
    return _share_of_flat(each.mean().item(), nl_map.shape[1])


def _share_of_flat(nats: float, keys: int) -> float | None:
    """An entropy as a share of ln N'; rows in half precision may sum to more than 1."""
    return min(nats / math.log(keys), 1.0) if keys > 1 else None


def _features(nl_map: NLMap, item: int, found: Dependence, names: Sequence[str]) -> None:
    wanted = [name for name in NAMES[:2] if name in names]
    if nl_map.input is None:
        found.reasons |= dict.fromkeys(wanted, NOT_KEPT)
        return
    x, z = precise(nl_map.input[item]), precise(nl_map.output[item])
    for name in wanted:
        _record(found, name, lambda of=x if name == "cosine_input" else z - x: Cosines(to_positions(of[None])[0]))
    if wanted:
        found.added_share = added_share(nl_map, item)


def added_share(nl_map: NLMap, item: int = 0) -> float | None:
    """|z - x| of a block as a share of |x|, root mean squares; None of modules whose x is not kept."""
    if nl_map.input is None:
        return None
    x, z = precise(nl_map.input[item]), precise(nl_map.output[item])
    return ((z - x).double().square().mean().sqrt() / x.double().square().mean().sqrt().clamp_min(1e-30)).item()


def _record(found: Dependence, name: str, gather: Callable[[], Cosines | Divergences], queries: int | None = None):
    """Gather, and keep the mean and what shuffling gives; or the reason why there is none."""
    try:
        gathered = gather()
    except ValueError as error:
        found.reasons[name] = str(error)
        return None
    found.values[name], found.shuffled[name] = gathered.mean(), gathered.shuffled(queries)
    return gathered


def dependence_of_queries(nl_map: NLMap, item: int = 0) -> Tensor:
    """Each query's mean Jensen-Shannon divergence to all queries, (N,), in nats: where attention depends on the query.

    Of the positions alone, as in ``measure``.

    Raises:
        ValueError: rows are no distributions, or belong to no query; the message says why.
    """
    nl_map = nl_map.among_positions()
    if nl_map.relates not in ("positions", "global"):
        raise ValueError(NO_ROWS[nl_map.relates])
    if nl_map.rows != "distribution":
        raise ValueError(NO_DISTRIBUTION[nl_map.rows])
    if nl_map.relates == "global":
        return torch.zeros(cells(nl_map.query_grid), dtype=torch.float64)
    if isinstance(nl_map.lazy, Framewise):
        return each_by_frame(nl_map)
    return Divergences(nl_map.row_blocks(item), COARSE).of_each(nl_map.row_blocks(item))


def terms_of(nl_map: NLMap, item: int = 0) -> dict[str, float]:
    """How the pairwise and the unary term explain a softmax map (Yin et al. 2020, arXiv 2006.06668), in nats.

    Returns:
        ``jsd_pairwise_nats``, the mean divergence of the pairwise term's rows over all pairs (the unary term's is 0);
        ``to_pairwise_nats`` and ``to_unary_nats``, the mean divergence of a query's row to its row in each term alone: the
        nearer term explains it.

    Raises:
        ValueError: the map has no such terms; the message says why.
    """
    nl_map = nl_map.among_positions()
    pairwise, unary = nl_map.term("pairwise only"), nl_map.term("unary only")
    distances = []
    for start, stop in nl_map.lazy.spans():
        rows, *alone = (one.lazy.rows(start, stop)[item].double() for one in (nl_map, pairwise, unary))
        distances.append(torch.stack([js_divergence(rows, term, nl_map.dtype).sum() for term in alone]))
    to_pairwise, to_unary = (sum(distances) / cells(nl_map.query_grid)).tolist()
    alone = Divergences(pairwise.row_blocks(item), COARSE).mean()
    return {"jsd_pairwise_nats": alone, "to_pairwise_nats": to_pairwise, "to_unary_nats": to_unary}


def dependence_in_words(found: float, shuffled: float, relates: str = "positions", by_frame: bool = False) -> str:
    """What a mean divergence means, beside that of shuffled rows (both in nats); ``by_frame``: between queries of one frame."""
    if by_frame:
        words = dependence_in_words(found, shuffled, relates)
        return f"Frame by frame: {words[:1].lower()}{words[1:]}"
    if relates == "global":
        return "One map for all queries, by the block's design."
    if shuffled < NEARLY_FLAT:
        return "Every row is nearly flat: all keys count alike, whatever the query."
    share = found / shuffled
    words = ("Nearly one map for all queries" if share < NEARLY_ONE else
             "Depends on the query, but weakly" if share < WEAKLY else "Depends on the query")
    return f"{words}: rows differ by {percent(share)} of what shuffled rows would."
