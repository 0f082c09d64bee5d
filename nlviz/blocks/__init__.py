"""The blocks by name. Adding one: its file in this folder and one line here."""

from .base import Block
from .factors import Factors
from .global_context import GC, SNL
from .non_local import Concatenation, DotProduct, EmbeddedGaussian, Gaussian

BLOCKS: dict[str, type[Block]] = {
    "gaussian": Gaussian,
    "embedded_gaussian": EmbeddedGaussian,
    "dot_product": DotProduct,
    "concatenation": Concatenation,
    "snl": SNL,
    "gc": GC,
}

__all__ = ["BLOCKS", "Block", "Factors"]
