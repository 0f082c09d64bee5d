// Frame shares: how a row's weight is spread over a clip's frames, and over past and future. No drawing, no page.
// Gives: decodeFrames, frameShares, timeShares.
// Takes: base64.js: floatsOf; geometry.js: positionOf, framesOf.

// The mean weight from the queries of a frame to the keys of a frame, {data, queryGrid, keyGrid, high}; null where none was sent.
function decodeFrames(sent, {queryGrid, keyGrid, what}) {
  if (!sent || !queryGrid || !keyGrid) return null;
  const data = floatsOf(sent, queryGrid.frames * keyGrid.frames, `${what}, frames`);
  return {data, queryGrid, keyGrid, high: data.reduce((most, value) => Math.max(most, value), 0), scratches: new Map()};
}

// What each frame gets of the weight, a cell that lies on several being divided evenly; of differences from the mean row what it gets
// more. null where there is no such share.
function frameShares(look, count) {
  const byTime = weightsByTime(look);
  if (!byTime) return null;
  const {shownGrid: grid} = look, shares = Array.from({length: count}, () => 0);
  byTime.forEach((weight, t) => {
    const {from, to} = framesOf(grid, t);
    for (let frame = from; frame < to; frame++) shares[frame] += weight / (to - from);
  });
  return shares;
}

// {past, same, future}: what the keys before, in and after the frames of the asking cell get; null where none asks.
function timeShares(look) {
  const byTime = look.asked < 0 || !look.askedGrid?.times ? null : weightsByTime(look);
  if (!byTime) return null;
  const asking = framesOf(look.askedGrid, positionOf(look.askedGrid, look.asked)[0]), sums = {past: 0, same: 0, future: 0};
  byTime.forEach((weight, t) => {
    const {from, to} = framesOf(look.shownGrid, t);
    sums[to <= asking.from ? "past" : from >= asking.to ? "future" : "same"] += weight;
  });
  return sums;
}

function weightsByTime(look) {                        // of each layer of cells, the whole being 1
  const {map, values, shownGrid: grid, whole, lowest, centred, alike} = look;
  if (!values || !grid.times || alike || map.isGate || (centred ? map.rows !== "distribution" : lowest < 0)) return null;
  const sums = new Float64Array(grid.frames), all = centred ? 1 : sumOf(whole ?? values, 0, (whole ?? values).length);
  for (let t = 0; t < grid.frames; t++) sums[t] = sumOf(values, t * grid.area, (t + 1) * grid.area) / all;
  return all > 0 ? sums : null;
}

function sumOf(values, from, to) {
  let sum = 0;
  for (let j = from; j < to; j++) sum += values[j];
  return sum;
}
