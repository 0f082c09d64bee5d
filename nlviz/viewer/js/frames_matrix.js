// Frames matrix: how much of their weight queries of each frame give to each frame, on average: rows ask, columns are asked.
// Gives: framesMatrix.
// Takes: geometry.js: clamp, timeOf, framesOf; words.js: percent, framesText; drawing.js: colourCells, scratchFor, clear, fitCanvas; parts.js:
//   element, div, span, setText.

const MATRIX_SIDE = 96, FEW_FRAMES = 9;                // pixels; frames of which each has its number

function framesMatrix() {
  const values = element("canvas", {class: "nlviz-frames-values", "aria-hidden": "true"}), mark = div("frames-mark"), words = div("frames-words");
  const stage = element("div", {class: "nlviz-frames-matrix", role: "img", style: `width:${MATRIX_SIDE}px;height:${MATRIX_SIDE}px`}, values, mark);
  const across = div("frames-across"), down = div("frames-down"), node = div("frames-part", words, div("frames-square", down, stage, across));
  let matrix = null, palette = null, under = null;
  fitCanvas(values, MATRIX_SIDE, MATRIX_SIDE);

  stage.addEventListener("pointermove", ({clientX, clientY}) => {
    const {left, top, width, height} = stage.getBoundingClientRect(), cellIn = (share, {frames}) => clamp(Math.floor(share * frames), 0, frames - 1);
    under = [cellIn((clientY - top) / height, matrix.queryGrid), cellIn((clientX - left) / width, matrix.keyGrid)];
    say();
  });
  stage.addEventListener("pointerleave", () => { under = null; say(); });

  function say() { setText(words, under ? weightBetween(matrix, ...under) : `frames, up to ${percent(matrix.high)}`); }

  function draw(next, frame, colours) {               // next: null where there is none; frame: whose row is marked
    node.hidden = !next;
    if (!next) return;
    if (matrix !== next || palette !== colours) { matrix = next; palette = colours; paint(); }
    const {queryGrid} = matrix, row = timeOf(queryGrid, frame);
    mark.hidden = row < 0;
    Object.assign(mark.style, {top: `${100 * row / queryGrid.frames}%`, height: `${100 / queryGrid.frames}%`});
  }

  function paint() {
    const {data, queryGrid, keyGrid, scratches, high} = matrix, scratch = scratchFor(scratches, {rows: queryGrid.frames, columns: keyGrid.frames}), context = clear(values);
    colourCells(scratch.pixels, data, palette, {low: 0, high});
    scratch.context.putImageData(scratch.image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(scratch.canvas, 0, 0, values.width, values.height);
    down.replaceChildren(...numbersOf(queryGrid));
    across.replaceChildren(...numbersOf(keyGrid));
    stage.setAttribute("aria-label", `Mean weight from the queries of a frame, down, to the keys of a frame, across: 0 to ${percent(high)}`);
    under = null;
    say();
  }

  return {node, draw};
}

function numbersOf(grid) {                            // the first frame on which each layer of cells lies, where there is room
  const {frames} = grid, isSaid = t => frames <= FEW_FRAMES || t === 0 || t === frames - 1 || (t + 1) % 8 === 0;
  return Array.from({length: frames}, (_, t) => span("frames-number", isSaid(t) ? String(framesOf(grid, t).from + 1) : ""));
}

function weightBetween({data, queryGrid, keyGrid}, from, to) {
  const nameOf = (grid, t) => framesText(framesOf(grid, t)).replace(/frames? /, "");
  return `${nameOf(queryGrid, from)} → ${nameOf(keyGrid, to)}: ${percent(data[from * keyGrid.frames + to])}`;
}
