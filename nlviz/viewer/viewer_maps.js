// Maps: decoding a scene's panels, and where cells lie in the picture. No drawing, no page.

const ATTENDS = "attends to", ATTENDED = "attended by";

// ---------------------------------------------------------------------------------------------------- decoding

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function floatsOf(text, count, what) {
  const bytes = bytesOf(text);
  if (bytes.length !== 4 * count) throw new Error(`${what}: expected ${count} float32 numbers, got ${bytes.length / 4}`);
  return new Float32Array(bytes.buffer, bytes.byteOffset, count);
}

const networkOf = ({id}) => id.replace(/\/\d+$/, "");  // "gc/0": the first call in gc

const cellsIn = shape => shape.reduce((product, size) => product * size, 1);

function gridOf([rows, columns], place) {
  return {rows, columns, size: rows * columns, scale: place.scale, offset: place.offset};
}

function decodeFeatures({features, title}) {          // the feature map of every channel: value = low + byte / 255 * (high - low)
  if (!features) return null;
  const {count} = features, grid = gridOf(features.grid, features.place), data = bytesOf(features.data);
  if (data.length !== count * grid.size) throw new Error(`${title}, features: expected ${count * grid.size} bytes, got ${data.length}`);
  return {count, grid, data, low: floatsOf(features.low, count, `${title}, low`), high: floatsOf(features.high, count, `${title}, high`),
          values: new Float32Array(grid.size), scratches: new Map()};
}

function decodeMap(map, panel) {
  const queries = cellsIn(map.query_grid), keys = cellsIn(map.key_grid), what = [panel.title, map.name].filter(Boolean).join(", ");
  const isGate = map.relates === "gate", ofChannels = map.key_grid.length === 1;
  if (ofChannels && panel.features && panel.features.count !== keys) throw new Error(`${what}: ${keys} channels, but ${panel.features.count} feature maps`);
  return {...map, what, queries, keys, isGate, ofChannels, isGlobal: map.relates === "global", derived: new Map(), scratches: new Map(),
          queryGrid: map.query_place && gridOf(map.query_grid, map.query_place), keyGrid: map.key_place && gridOf(map.key_grid, map.key_place),
          buffer: new Float32Array(Math.max(queries, keys))};
}

function decodePanel(panel) {                         // its first map is shown until another one is chosen
  const maps = panel.maps.map(map => decodeMap(map, panel));
  const formAt = at => {
    if (!maps[at]) throw new Error(`${panel.title}: there is no map number ${at}`);
    return maps[at].form ||= decodeWeights(maps[at], formAt);
  };
  maps.forEach((map, at) => { formAt(at); map.terms &&= decodeTerms(map); });
  return {...panel, maps, map: maps[0], features: decodeFeatures(panel)};
}

// ---------------------------------------------------------------------------------------------------- geometry

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const inPicture = (x, y) => ({x: clamp(x, 0, 1 - 1e-9), y: clamp(y, 0, 1 - 1e-9)});

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
  const grids = maps.filter(map => map.relates === "positions").map(map => map.queryGrid);
  const others = [...maps.map(map => map.queryGrid || map.keyGrid), ...panels.map(panel => panel.features?.grid)].filter(Boolean);
  return grids.reduce((best, grid) => fineness(grid) > fineness(best) ? grid : best, grids[0])
    || others[0] || gridOf([28, 28], {scale: [28, 28], offset: [0, 0]});
}
