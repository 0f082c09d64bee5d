"""Named tokens of a map, and the places of its positions: what NLMap says of what its rows and columns stand for."""

from fractions import Fraction

from .grids import cells


class Tokens:
    """Of a map with query and key grids, strides and tokens: see :class:`NLMap`."""

    def query(self, name: str) -> int:
        """The row of a named token.

        Raises:
            ValueError: no such token.
        """
        return _numbered(name, self.query_tokens, cells(self.query_grid), "query")

    def key(self, name: str) -> int:
        """The column of a named token.

        Raises:
            ValueError: no such token.
        """
        return _numbered(name, self.key_tokens, cells(self.key_grid), "key")

    def shares(self, query: int, item: int = 0, head: int | str = "mean") -> dict[str, float]:
        """What each named token takes of a row, by name; the positions take the rest."""
        row, first = self.row(query, item, head), cells(self.key_grid)
        return {name: row[first + number].item() for number, name in enumerate(self.key_tokens)}

    def rest(self, side: str = "query") -> tuple[Fraction, ...]:
        """Pixels of the network's input, below and to the right, that no position covers: (rows, columns).

        Raises:
            ValueError: nobody can tell where the positions lie.
        """
        grid, stride = (self.query_grid, self.query_stride) if side == "query" else (self.key_grid, self.key_stride)
        self.check_grid(side)
        return tuple(Fraction(size) - n * Fraction(step) for size, n, step in zip(self.picture, grid, stride, strict=True))

    def check_grid(self, side: str = "query") -> None:
        """Raise ValueError where nobody can tell which positions of the picture the queries (or keys) are.

        The message says how many there are and what to do.
        """
        grid = self.query_grid if side == "query" else self.key_grid
        if self.relates == "channels" or (self.picture is None and self.input is None) or len(grid) < 2:
            what = "channels" if self.relates == "channels" else f"{side} tokens without rows and columns"
            raise ValueError(f"the {cells(grid)} {what} of layer {self.layer!r} have no place in the picture. If they are "
                             f"positions, say where: capture_maps(model, grid=(rows, columns)), rows x columns = {cells(grid)}")


def _numbered(name: str, tokens: tuple[str, ...], first: int, what: str) -> int:
    if name not in tokens:
        raise ValueError(f"no {what} is called {name!r}; the named ones are: {', '.join(tokens) or 'none'}")
    return first + tokens.index(name)
