"""The blocks by name: formula -> code. Adding one: its file in this folder and one line here.

May import maps; torch alone.
"""

from .base import Block, Instead, Part, Seen, Used, Weights, to_positions
from .criss_cross import CrissCross
from .disentangled import Disentangled
from .dual_attention import CAM, PAM
from .global_context import GC, SNL
from .non_local import Concatenation, DotProduct, EmbeddedGaussian, Gaussian
from .object_context import AspOC, BaseOC, PyramidOC
from .relation_aware import RGAChannel, RGASpatial
from .squeeze_excitation import SE

BLOCKS: dict[str, type[Block]] = {
    "gaussian": Gaussian,
    "embedded_gaussian": EmbeddedGaussian,
    "dot_product": DotProduct,
    "concatenation": Concatenation,
    "snl": SNL,
    "gc": GC,
    "se": SE,
    "pam": PAM,
    "cam": CAM,
    "base_oc": BaseOC,
    "pyramid_oc": PyramidOC,
    "asp_oc": AspOC,
    "criss_cross": CrissCross,
    "rga_spatial": RGASpatial,
    "rga_channel": RGAChannel,
    "disentangled": Disentangled,
}


def block_name(block: Block) -> str:
    """A block's name in BLOCKS; of another class that of the one that it says it is (``known_as``), else the class's."""
    own = next((name for name, kind in BLOCKS.items() if type(block) is kind), None)
    return own or vars(type(block)).get("known_as") or type(block).__name__


__all__ = ["BLOCKS", "Block", "Instead", "Part", "Seen", "Used", "Weights", "block_name", "to_positions"]
