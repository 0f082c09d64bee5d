// The matrix of channels and the bars of a gate: values -> canvases, in any order of the channels.
// Gives: matrixSide, drawMatrix, markRows, drawGate.
// Takes: geometry.js: clamp; scales.js: logsOf; drawing.js: colourCells, scratchFor, clear, stretch.

const WIDEST_MATRIX = 480;                            // pixels
const BAR = "#848c95", CHOSEN_BAR = "#3b82f6";         // seen on light and on dark

function matrixSide(width, count) {                   // a whole number of the screen's points for each cell, where there are enough
  const most = Math.min(width, WIDEST_MATRIX), ratio = window.devicePixelRatio || 1, points = Math.floor(most * ratio / count);
  return points > 2 ? points * count / ratio : most;
}

// Where there are fewer points than channels, a point shows the largest weight that falls on it, of differences the furthest from zero.
function drawMatrix(canvas, {data, keys, scratches}, order, palette, scale) {
  const side = Math.min(keys, canvas.width), grid = {rows: side, columns: side, scale: [side, side], offset: [0, 0]};
  const scratch = scratchFor(scratches, grid), values = scratch.values ||= new Float32Array(side * side);
  const size = scale.centred ? Math.abs : value => value;
  values.fill(scale.centred ? 0 : -Infinity);
  for (let r = 0; r < keys; r++) {
    for (let c = 0, row = Math.floor(r * side / keys) * side; c < keys; c++) {
      const at = row + Math.floor(c * side / keys), value = data[order[r] * keys + order[c]];
      if (size(value) > size(values[at])) values[at] = value;
    }
  }
  colourCells(scratch.pixels, scale.times ? logsOf(values, keys, scale, values) : values, palette, scale);
  stretch(canvas, scratch, grid);
}

function markRows(canvas, count, at, kept) {          // lines just above and below a row, so that its own cells stay seen
  const context = clear(canvas), {width, height} = canvas, ratio = width / (canvas.cssWidth || width), cell = height / count;
  const frame = (row, inner, outer) => {
    for (const [thickness, colour] of [[3 * ratio, outer], [1.5 * ratio, inner]]) {
      const half = Math.max(cell, ratio) / 2 + ratio, middle = clamp((row + 0.5) * cell, half, height - half);
      context.lineWidth = thickness; context.strokeStyle = colour;
      context.strokeRect(ratio, middle - half, width - 2 * ratio, 2 * half);
    }
  };
  if (kept >= 0 && kept !== at) frame(kept, "rgba(255, 255, 255, .6)", "rgba(0, 0, 0, .4)");
  frame(at, "#fff", "rgba(0, 0, 0, .8)");
}

function drawGate(canvas, data, {low, high}, order, chosen, kept) {      // a bar for each channel, from the line of zero
  const context = clear(canvas), {width, height} = canvas, step = width / data.length;
  const y = value => high > low ? (high - value) / (high - low) * (height - 1) : height - 1;
  const bar = (at, top, bottom, colour, least) => {
    const from = Math.round(at * step), wide = Math.max(least, Math.round((at + 1) * step) - from - (step >= 3 ? 1 : 0));
    context.fillStyle = colour;
    context.fillRect(from, Math.floor(top), wide, Math.max(1, Math.ceil(bottom) - Math.floor(top)));
  };
  if (kept >= 0) bar(kept, 0, height, "rgba(59, 130, 246, .18)", 3);
  bar(chosen, 0, height, "rgba(59, 130, 246, .28)", 3);
  order.forEach((channel, at) => {
    const value = data[channel];
    bar(at, Math.min(y(0), y(value)), Math.max(y(0), y(value)), at === chosen ? CHOSEN_BAR : BAR, 1);
  });
  context.fillStyle = BAR;
  context.fillRect(0, Math.floor(y(0)), width, 1);
}
