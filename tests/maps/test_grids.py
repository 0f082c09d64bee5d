"""Cells and their numbers."""

import pytest

from nlviz.maps import cell_of, flat_index


@pytest.mark.parametrize("grid, cell, index", [((3, 5), (0, 0), 0), ((3, 5), (2, 4), 14), ((3, 5), (1, 2), 7),
                                               ((2, 3, 4), (1, 2, 3), 23), ((9,), (8,), 8)])
def test_cells_are_counted_in_raster_order(grid, cell, index):
    assert flat_index(cell, grid) == index and cell_of(index, grid) == cell


@pytest.mark.parametrize("cell", [(3, 0), (0, 5), (-1, 0)])
def test_a_cell_outside_the_grid_is_an_index_error(cell):
    with pytest.raises(IndexError, match="outside the grid"):
        flat_index(cell, (3, 5))
