// Geometry: where places lie. A point is {x, y, frame}: fractions of the picture, and which frame of a clip, from 0 (of a photo it is
// 0). A grid knows where its cells lie in the picture and in time; a cell is an index in raster order, of a clip frame by frame.
// Gives: clamp, inPicture, gridOf, timeOf, framesOf, cellAt, nearestCell, boxOf, positionOf, cellBox, centreOf, referenceGrid.

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const inPicture = (x, y, frame = 0) => ({x: clamp(x, 0, 1 - 1e-9), y: clamp(y, 0, 1 - 1e-9), frame});

// shape: [rows, columns], of a clip [frames, rows, columns]; count: of the clip's frames. times: in which layer of cells each frame lies.
function gridOf(shape, place, count = 0) {
  const [rows, columns] = shape.slice(-2), frames = shape.length > 2 ? shape[0] : 1, area = rows * columns;
  const grid = {frames, rows, columns, area, size: frames * area, scale: place.scale, offset: place.offset, times: null};
  return shape.length > 2 ? Object.assign(grid, timesOf(frames, place.time ?? {scale: 1, offset: 0}, count)) : grid;
}

function timesOf(frames, {scale, offset}, count) {      // spans: the frames on which a layer of cells lies, from one to the one after the last
  const times = Array.from({length: count || Math.round(frames / scale)}, (_, frame) => Math.floor((frame + 0.5) * scale + offset + 1e-9));
  const spans = Array.from({length: frames}, (_, t) => ({from: times.findIndex(time => time >= t), to: times.findIndex(time => time > t)}));
  const ends = spans.map(({from, to}) => ({from: from < 0 ? times.length : from, to: to < 0 ? times.length : to}));
  return {times, spans: ends};
}

// Which layer of cells a frame lies in, -1 where none covers it; of a photo's grid 0.
function timeOf(grid, frame) {
  const t = grid.times ? grid.times[frame] ?? -1 : 0;
  return t < grid.frames ? t : -1;
}

const framesOf = (grid, t) => grid.spans ? grid.spans[t] : {from: 0, to: 1};

function rowAndColumn(grid, {x, y}) {
  return [Math.floor(y * grid.scale[1] + grid.offset[1]), Math.floor(x * grid.scale[0] + grid.offset[0])];
}

function cellAt(grid, point) {                        // -1 where the grid does not cover the picture
  const [row, column] = rowAndColumn(grid, point), t = timeOf(grid, point.frame);
  return t >= 0 && row >= 0 && row < grid.rows && column >= 0 && column < grid.columns ? t * grid.area + row * grid.columns + column : -1;
}

function nearestCell(grid, point) {
  const [row, column] = rowAndColumn(grid, point), t = grid.times ? clamp(grid.times[point.frame] ?? 0, 0, grid.frames - 1) : 0;
  return t * grid.area + clamp(row, 0, grid.rows - 1) * grid.columns + clamp(column, 0, grid.columns - 1);
}

function boxOf(grid, row, column, rows = 1, columns = 1) {               // in fractions of the picture
  const [sx, sy] = grid.scale, [ox, oy] = grid.offset;
  return {x: (column - ox) / sx, y: (row - oy) / sy, width: columns / sx, height: rows / sy};
}

const placeIn = (grid, cell) => [Math.floor(cell % grid.area / grid.columns), cell % grid.columns];
const positionOf = (grid, cell) => grid.times ? [Math.floor(cell / grid.area), ...placeIn(grid, cell)] : placeIn(grid, cell);
const spanOfCell = (grid, cell) => framesOf(grid, Math.floor(cell / grid.area));
const cellBox = (grid, cell) => ({...boxOf(grid, ...placeIn(grid, cell)), frames: spanOfCell(grid, cell)});

function centreOf(grid, cell, frame = 0) {            // in that frame where the cell lies on it, else in its first
  const box = cellBox(grid, cell), {from, to} = box.frames, own = frame >= from && frame < to ? frame : from;
  return inPicture(box.x + box.width / 2, box.y + box.height / 2, grid.times ? Math.min(own, grid.times.length - 1) : 0);
}

// The finest grid of queries; arrow keys and pins live on it. All maps count, so that choosing another one moves no pin.
function referenceGrid(panels, count = 0) {             // count: of a clip's frames
  const fineness = ({size, scale}) => size + scale[0] * scale[1] / 1e9, maps = panels.flatMap(panel => panel.maps);
  const grids = maps.filter(map => map.relates === "positions" && map.queryGrid).map(map => map.queryGrid);
  const others = [...maps.map(map => map.queryGrid || map.keyGrid), ...panels.map(panel => panel.features?.grid)].filter(Boolean);
  return grids.reduce((best, grid) => fineness(grid) > fineness(best) ? grid : best, grids[0])
    || others[0] || gridOf([...(count ? [count] : []), 28, 28], {scale: [28, 28], offset: [0, 0]});
}
