"""From a file's names of weights to a network's own, and back to what was used."""

from collections.abc import Callable

from torch import Tensor, nn

from ...adapters import FileWeights
from .arch import Rebuilt, State
from .taking import piece


class Renamed(FileWeights):
    """A checkpoint's tensors under a network's own names.

    Args:
        state: the checkpoint's.
        rename: name -> the network's name, None for what is none of it.
    """

    def __init__(self, state: State, rename: Callable[[str], str | None]):
        names = {own: name for name in state if (own := rename(name)) is not None}
        super().__init__({own: state[name] for own, name in names.items()}, names)
        self.attention: dict[str, Tensor] = {}  # by the blocks' own names
        self.inside: set[str] = set()  # of whose names here these were made

    def block(self, prefix: str, kind: str, **told: object) -> nn.Module | None:
        """The block of attention whose weights begin with the prefix, None where there is none.

        Args:
            prefix: of the names here and in the network, which ends in a dot.
            kind, told: as in ``adapters.block_of``.

        Raises:
            ValueError: they are not of such a block.
        """
        if not any(name.startswith(prefix) for name in self):
            return None
        try:
            found = piece(kind, self, prefix, **told)
        except ValueError as error:
            raise ValueError(f"{prefix.removesuffix('.')}: {error}") from None
        self.inside |= {name for name in self if name.startswith(prefix)}
        self.attention |= {f"{prefix}{name}": tensor for name, tensor in found.state.items()}
        return found.block

    def rebuilt(self, net: nn.Module, **more: object) -> Rebuilt:
        """The network with those of the tensors that it has.

        Args:
            more: of ``Rebuilt``.
        """
        own = net.state_dict().keys()
        went = {name for name in self if name in own} | self.inside
        state = {name: self[name] for name in went - self.inside} | self.attention
        used = {self.names[name] for name in went}
        return Rebuilt(net.eval(), state, used, **more)
