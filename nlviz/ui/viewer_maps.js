// Maps: decoding, where cells lie, rows and columns of a map, and what is measured of them. No drawing, no page.

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

function gridOf([rows, columns], place) {
  return {rows, columns, size: rows * columns, scale: place.scale, offset: place.offset};
}

function decodeWeights({title, relates, weights}, queries, keys) {
  const {kind, channels = 1} = weights, common = {kind, queries, keys, channels};
  if (kind === "dense") {
    return {...common, data: floatsOf(weights.data, (relates === "global" ? 1 : queries) * keys, `${title}, weights`)};
  }
  if (!["softmax", "dot", "relu_sum"].includes(kind)) throw new Error(`${title}: unknown kind of weights “${kind}”`);
  return {...common, q: floatsOf(weights.q, queries * channels, `${title}, q`), k: floatsOf(weights.k, keys * channels, `${title}, k`),
          logSum: kind === "softmax" ? floatsOf(weights.log_sum, queries, `${title}, log_sum`) : null};
}

function decodePanel(panel) {
  const queryGrid = gridOf(panel.query_grid, panel.query_place), keyGrid = gridOf(panel.key_grid, panel.key_place);
  return {...panel, queryGrid, keyGrid, isGlobal: panel.relates === "global", scratches: new Map(),
          weights: decodeWeights(panel, queryGrid.size, keyGrid.size),
          buffer: new Float32Array(Math.max(queryGrid.size, keyGrid.size))};
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

function referenceGrid(panels) {                      // the finest grid of queries; arrow keys and pins live on it
  const fineness = ({size, scale}) => size + scale[0] * scale[1] / 1e9;
  const grids = panels.filter(panel => !panel.isGlobal).map(panel => panel.queryGrid);
  return grids.reduce((best, grid) => fineness(grid) > fineness(best) ? grid : best, grids[0])
    || panels[0]?.queryGrid || gridOf([28, 28], {scale: [28, 28], offset: [0, 0]});
}

// ---------------------------------------------------------------------------------------------------- rows and columns

function dotAll(vectors, count, channels, other, at, out) {              // out[j] = vectors[j] . other[at]
  const from = at * channels, whole = channels - channels % 4;
  for (let j = 0, p = 0; j < count; j++) {
    let a = 0, b = 0, c = 0, d = 0, n = 0;
    for (; n < whole; n += 4, p += 4) {
      a += vectors[p] * other[from + n];
      b += vectors[p + 1] * other[from + n + 1];
      c += vectors[p + 2] * other[from + n + 2];
      d += vectors[p + 3] * other[from + n + 3];
    }
    for (; n < channels; n++, p++) a += vectors[p] * other[from + n];
    out[j] = a + b + c + d;
  }
}

function softmaxInPlace(values) {
  let highest = -Infinity, sum = 0;
  for (let j = 0; j < values.length; j++) if (values[j] > highest) highest = values[j];
  for (let j = 0; j < values.length; j++) sum += values[j] = Math.exp(values[j] - highest);
  for (let j = 0; j < values.length; j++) values[j] /= sum;
}

function reluSum(own, others, keys, out) {
  for (let j = 0; j < out.length; j++) out[j] = Math.max(0, own + others[j]) / keys;
}

const divide = (values, by) => { for (let j = 0; j < values.length; j++) values[j] /= by; };

function rowOf({kind, data, q, k, channels, keys}, query, out) {         // all the weights of one query
  if (kind === "dense") return data.subarray(query * keys, (query + 1) * keys);
  if (kind === "relu_sum") { reluSum(q[query], k, keys, out); return out; }
  dotAll(k, keys, channels, q, query, out);
  if (kind === "softmax") softmaxInPlace(out); else divide(out, keys);
  return out;
}

function columnOf({kind, data, q, k, channels, keys, logSum}, key, out) {                // what each query gives one key
  if (kind === "dense") { for (let i = 0; i < out.length; i++) out[i] = data[i * keys + key]; return out; }
  if (kind === "relu_sum") { reluSum(k[key], q, keys, out); return out; }
  dotAll(q, out.length, channels, k, key, out);
  if (kind === "softmax") for (let i = 0; i < out.length; i++) out[i] = Math.exp(out[i] - logSum[i]);
  else divide(out, keys);
  return out;
}

function valuesOf(panel, direction, asked, out) {     // null where the asked grid does not cover the point
  if (panel.isGlobal && direction === ATTENDS) return panel.weights.data;
  if (asked < 0) return null;
  if (panel.isGlobal) return out.fill(panel.weights.data[asked]);
  return direction === ATTENDS ? rowOf(panel.weights, asked, out) : columnOf(panel.weights, asked, out);
}

function lookFrom(panel, direction, point, buffer) {
  const forward = direction === ATTENDS;
  const askedGrid = forward ? panel.queryGrid : panel.keyGrid, shownGrid = forward ? panel.keyGrid : panel.queryGrid;
  const asked = cellAt(askedGrid, point), values = valuesOf(panel, direction, asked, buffer.subarray(0, shownGrid.size));
  return {panel, direction, point, askedGrid, asked, shownGrid, values, ...(values && measure(values)),
          entropy: values && forward && panel.rows === "distribution" ? entropyShare(values) : null};
}

// ---------------------------------------------------------------------------------------------------- measures

function measure(values) {
  let lowest = Infinity, highest = -Infinity, strongest = 0;
  for (let j = 0; j < values.length; j++) {
    const value = values[j];
    if (value < lowest) lowest = value;
    if (value > highest) { highest = value; strongest = j; }
  }
  return {lowest, highest, strongest};
}

function entropyShare(values) {                       // H / ln N': 1 is uniform, 0 is one key alone
  let entropy = 0;
  for (let j = 0; j < values.length; j++) if (values[j] > 0) entropy -= values[j] * Math.log(values[j]);
  return values.length > 1 ? entropy / Math.log(values.length) : null;
}

function sharedScales(looks) {                        // one scale per kind of rows, zero always on it
  const scales = new Map();
  for (const {panel, values, lowest, highest} of looks) {
    if (!values) continue;
    const scale = scales.get(panel.rows) || {low: 0, high: 0, networks: new Set()};
    scale.low = Math.min(scale.low, lowest);
    scale.high = Math.max(scale.high, highest);
    scale.networks.add(panel.id.replace(/\/\d+$/, ""));               // "gc/0": the first map of gc
    scales.set(panel.rows, scale);
  }
  return scales;
}

const hasNoQuery = ({panel, direction}) => panel.isGlobal && direction === ATTENDS;
const scaleOf = (look, shared) => shared ? shared.get(look.panel.rows) : {low: look.lowest, high: look.highest};

// Differences within float32 rounding are no structure: such a map is drawn in one colour.
const isFlat = ({low, high}) => !(high - low > 1e-6 * Math.max(Math.abs(low), Math.abs(high)));
