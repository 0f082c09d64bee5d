// Drawing: values -> colours -> canvases, and the marks above them.
// Gives: PIN_COLOURS, LIGHT_INK, colourCells, scratchFor, clear, stretch, drawHeat, drawThumb, drawLabels, drawMarks, fitCanvas.
// Takes: base64.js: bytesOf; geometry.js: clamp, gridOf, timeOf, boxOf; sheet.js: boxesOn; scales.js: isFlat, logsOf; words.js: gridText.

const PIN_COLOURS = ["#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000"];  // Okabe-Ito
const LIGHT_INK = new Set(["#0072B2", "#D55E00", "#000000"]);            // pins whose number is written in white

// ---------------------------------------------------------------------------------------------------- colour

function packed(colour) {                             // "#rrggbb" -> packed RGBA
  const [r, g, b] = [1, 3, 5].map(at => parseInt(colour.slice(at, at + 2), 16));
  return (255 << 24 | b << 16 | g << 8 | r) >>> 0;
}

function colourCells(pixels, values, palette, scale) {                   // matplotlib's rule: floor(256 t), at most 255
  const flat = isFlat(scale), perUnit = flat ? 0 : 256 / (scale.high - scale.low), middle = flat || scale.centred ? 128 : 0;
  const from = scale.centred ? 0 : scale.low;         // zero has exactly the middle colour of a centred scale
  for (let j = 0; j < values.length; j++) {
    const value = values[j], index = middle + (value - from) * perUnit | 0;
    pixels[j] = value !== value ? 0 : palette[index > 255 ? 255 : index < 0 ? 0 : index];        // not a number: see-through
  }
}

// ---------------------------------------------------------------------------------------------------- smooth

// Values, on a logarithmic scale their logarithms, are interpolated, then coloured: a mixture of two colours could be the colour of a
// value that is nowhere near.
// An odd number of points for each cell, so that the middle one lies on the cell's centre and has the cell's own value.

const SMOOTH_SIDE = 300;                              // points along the longer side, at most

function finenessOf({rows, columns, frames = 1}) {      // of a clip's grid coarser: there are so many frames to draw
  const most = Math.floor(SMOOTH_SIDE / Math.sqrt(frames) / Math.max(rows, columns));
  return clamp(most - (most + 1) % 2, 3, 25);
}

function spans(cells, fineness) {                     // for each point: the cell before it, the one after, the share of that one
  const before = new Int32Array(cells * fineness), after = before.slice(), share = new Float32Array(cells * fineness);
  for (let n = 0; n < before.length; n++) {
    const at = clamp((n + 0.5) / fineness - 0.5, 0, cells - 1);
    before[n] = Math.floor(at); after[n] = Math.min(before[n] + 1, cells - 1); share[n] = at - before[n];
  }
  return {before, after, share};
}

function finerOf({rows, columns, frames = 1}, fineness) {
  const across = spans(columns, fineness), down = spans(rows, fineness), width = across.share.length;
  return {across, down, stretched: new Float32Array(rows * width), values: new Float32Array(frames * down.share.length * width)};
}

function interpolate(values, grid, fine) {            // each frame by itself
  const {frames = 1} = grid, many = fine.values.length / frames, cells = grid.rows * grid.columns;
  for (let t = 0; t < frames; t++) interpolateFrame(values.subarray(t * cells, (t + 1) * cells), grid, fine, fine.values.subarray(t * many, (t + 1) * many));
  return fine.values;
}

function interpolateFrame(values, {rows, columns}, {across, down, stretched}, out) {       // bilinear: along the rows, then down
  const width = across.share.length;
  for (let row = 0, p = 0; row < rows; row++) {
    for (let x = 0, from = row * columns; x < width; x++, p++) {
      const a = values[from + across.before[x]], b = values[from + across.after[x]];
      stretched[p] = a + (b - a) * across.share[x];
    }
  }
  for (let y = 0, p = 0; y < down.share.length; y++) {
    const above = down.before[y] * width, below = down.after[y] * width, share = down.share[y];
    for (let x = 0; x < width; x++, p++) out[p] = stretched[above + x] + (stretched[below + x] - stretched[above + x]) * share;
  }
}

// ---------------------------------------------------------------------------------------------------- drawing

function scratchOf({rows, columns, frames = 1}) {     // a canvas of one pixel per cell, of a clip frame below frame
  const canvas = document.createElement("canvas");
  canvas.width = columns; canvas.height = frames * rows;
  const context = canvas.getContext("2d"), image = context.createImageData(columns, frames * rows);
  return {canvas, context, image, pixels: new Uint32Array(image.data.buffer)};
}

function scratchFor(scratches, grid, fineness = 1) {
  const name = `${gridText(grid)} ${fineness}`;
  if (!scratches.has(name)) {
    const scratch = scratchOf({rows: grid.rows * fineness, columns: grid.columns * fineness, frames: grid.frames});
    scratches.set(name, {...scratch, fine: fineness > 1 ? finerOf(grid, fineness) : null});
  }
  return scratches.get(name);
}

function clear(canvas) {
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  return context;
}

function stretch(canvas, scratch, grid) {             // each cell lands where it lies in the picture, in every frame on which it lies
  const context = clear(canvas), box = boxOf(grid, 0, 0, grid.rows, grid.columns);
  scratch.context.putImageData(scratch.image, 0, 0);
  context.imageSmoothingEnabled = false;
  if (canvas.sheet) boxesOn(canvas.sheet, canvas).forEach((frame, at) => paintFrame(context, scratch, grid, at, frame));
  else context.drawImage(scratch.canvas, box.x * canvas.width, box.y * canvas.height, box.width * canvas.width, box.height * canvas.height);
}

function paintFrame(context, {canvas}, grid, frame, {x, y, width, height}) {    // what lies in that frame of the picture
  const t = timeOf(grid, frame), box = boxOf(grid, 0, 0, grid.rows, grid.columns), high = canvas.height / (grid.frames ?? 1);
  if (t < 0) return;
  const [left, top] = [Math.max(0, box.x), Math.max(0, box.y)];
  const [right, bottom] = [Math.min(1, box.x + box.width), Math.min(1, box.y + box.height)];
  context.drawImage(canvas, (left - box.x) / box.width * canvas.width, t * high + (top - box.y) / box.height * high,
    (right - left) / box.width * canvas.width, (bottom - top) / box.height * high,
    x + left * width, y + top * height, (right - left) * width, (bottom - top) * height);
}

function drawHeat(canvas, {values, shownGrid: grid, scratches, map}, scale, palette, smooth) {
  if (!values) { clear(canvas); return; }
  const scratch = scratchFor(scratches, grid, smooth ? finenessOf(grid) : 1);
  const shown = scale.times ? logsOf(values, map.keys, scale, scratch.logs ||= new Float32Array(grid.size)) : values;
  colourCells(scratch.pixels, smooth ? interpolate(shown, grid, scratch.fine) : shown, palette, scale);
  stretch(canvas, scratch, grid);
}

// A map within a box of a canvas, in pixels of the canvas, with cells as they are; scratches may be those of many maps.
function drawThumb(context, {values, shownGrid: grid, map}, scale, palette, box, scratches, sheet) {
  const scratch = scratchFor(scratches, grid);
  const shown = scale.times ? logsOf(values, map.keys, scale, scratch.logs ||= new Float32Array(grid.size)) : values;
  colourCells(scratch.pixels, shown, palette, scale);
  scratch.context.putImageData(scratch.image, 0, 0);
  context.imageSmoothingEnabled = false;
  boxesOn(sheet, box).forEach((frame, at) => paintFrame(context, scratch, grid, at, frame));
}

function paintLabels(grid, {labels, classes}) {
  const scratch = scratchOf(grid), colours = new Uint32Array(256);
  for (const {index, colour} of classes) colours[index] = packed(colour);
  bytesOf(labels).forEach((label, cell) => { scratch.pixels[cell] = colours[label]; });
  return scratch;
}

function drawLabels(canvas, prediction) {             // the predicted classes in place of the heat
  const grid = gridOf(prediction.grid, prediction.place);
  prediction.painted ||= paintLabels(grid, prediction);
  stretch(canvas, prediction.painted, grid);
}

function outline(context, box, frame, dashed) {        // dark and light: seen on any background
  const least = 7, w = Math.max(least, box.width * frame.width), h = Math.max(least, box.height * frame.height);
  const x = frame.x + (box.x + box.width / 2) * frame.width - w / 2, y = frame.y + (box.y + box.height / 2) * frame.height - h / 2;
  context.setLineDash([]);
  context.lineWidth = 3.5; context.strokeStyle = "rgba(0, 0, 0, .8)"; context.strokeRect(x, y, w, h);
  context.setLineDash(dashed ? [4, 3] : []);
  context.lineWidth = 1.5; context.strokeStyle = "#fff"; context.strokeRect(x, y, w, h);
}

function dot(context, x, y, pin, radius) {
  const colour = PIN_COLOURS[pin];
  context.setLineDash([]);
  for (const [r, fill] of [[radius + 2.5, "rgba(0, 0, 0, .7)"], [radius + 1.5, "#fff"], [radius, colour]]) {
    context.beginPath(); context.arc(x, y, r, 0, 2 * Math.PI); context.fillStyle = fill; context.fill();
  }
  context.fillStyle = LIGHT_INK.has(colour) ? "#fff" : "#000";
  context.font = `600 ${Math.round(radius * 1.35)}px system-ui, sans-serif`;
  context.textAlign = "center"; context.textBaseline = "middle";
  context.fillText(String(pin + 1), x, y + 0.5);
}

// between(context, frames): what is drawn over the cell and under the pins
function drawMarks(canvas, {box, dashed, pins, radius = 7.5, between}) {
  const ratio = canvas.width / (canvas.cssWidth || canvas.width), context = clear(canvas);
  const width = canvas.width / ratio, height = canvas.height / ratio, frames = boxesOn(canvas.sheet, {width, height});
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  between?.(context, frames);
  const {from, to} = box?.frames ?? {from: 0, to: 1};
  if (box) for (const frame of frames.slice(from, to)) outline(context, box, frame, dashed);
  for (const {x, y, frame, index} of pins) {
    const edge = radius + 2.5, on = frames[frame ?? 0];
    if (on) dot(context, on.x + clamp(x * on.width, edge, on.width - edge), on.y + clamp(y * on.height, edge, on.height - edge), index, radius);
  }
}

function fitCanvas(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1, w = Math.max(1, Math.round(width * ratio)), h = Math.max(1, Math.round(height * ratio));
  canvas.cssWidth = width;
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
}
