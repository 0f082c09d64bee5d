// Geometry: where places lie. A point is {x, y}, fractions of the picture. A grid knows where its cells lie in the picture; a cell
// is an index in raster order.
// Gives: clamp, inPicture, gridOf, cellAt, nearestCell, boxOf, positionOf, cellBox, centreOf, referenceGrid.

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const inPicture = (x, y) => ({x: clamp(x, 0, 1 - 1e-9), y: clamp(y, 0, 1 - 1e-9)});

function gridOf([rows, columns], place) {
  return {rows, columns, size: rows * columns, scale: place.scale, offset: place.offset};
}

function rowAndColumn(grid, {x, y}) {
  return [Math.floor(y * grid.scale[1] + grid.offset[1]), Math.floor(x * grid.scale[0] + grid.offset[0])];
}

function cellAt(grid, point) {                        // -1 where the grid does not cover the picture
  const [row, column] = rowAndColumn(grid, point);
  return row >= 0 && row < grid.rows && column >= 0 && column < grid.columns ? row * grid.columns + column : -1;
}

function nearestCell(grid, point) {
  const [row, column] = rowAndColumn(grid, point);
  return clamp(row, 0, grid.rows - 1) * grid.columns + clamp(column, 0, grid.columns - 1);
}

function boxOf(grid, row, column, rows = 1, columns = 1) {               // in fractions of the picture
  const [sx, sy] = grid.scale, [ox, oy] = grid.offset;
  return {x: (column - ox) / sx, y: (row - oy) / sy, width: columns / sx, height: rows / sy};
}

const positionOf = (grid, cell) => [Math.floor(cell / grid.columns), cell % grid.columns];
const cellBox = (grid, cell) => boxOf(grid, ...positionOf(grid, cell));

function centreOf(grid, cell) {
  const box = cellBox(grid, cell);
  return inPicture(box.x + box.width / 2, box.y + box.height / 2);
}

// The finest grid of queries; arrow keys and pins live on it. All maps count, so that choosing another one moves no pin.
function referenceGrid(panels) {
  const fineness = ({size, scale}) => size + scale[0] * scale[1] / 1e9, maps = panels.flatMap(panel => panel.maps);
  const grids = maps.filter(map => map.relates === "positions" && map.queryGrid).map(map => map.queryGrid);
  const others = [...maps.map(map => map.queryGrid || map.keyGrid), ...panels.map(panel => panel.features?.grid)].filter(Boolean);
  return grids.reduce((best, grid) => fineness(grid) > fineness(best) ? grid : best, grids[0])
    || others[0] || gridOf([28, 28], {scale: [28, 28], offset: [0, 0]});
}
