// Enlarged: one picture of the dependence, large, in front of the page, with what is said of it. Pointing and pinning work in it.
// Gives: createEnlarged, drawDependence, markDependence.
// Takes: geometry.js: cellAt, cellBox, centreOf; scales.js: isFlat; drawing.js: clear, drawHeat, drawMarks; film.js: fitBox; parts.js:
//   element, div, setText, pictureBox, rampBar, fillBar, button.

function drawDependence(heat, picture, shared, {settings, paletteFor}) {
  if (!picture) { clear(heat); return null; }
  const scale = shared || {low: picture.lowest, high: picture.highest};
  drawHeat(heat, picture, scale, paletteFor(scale), settings.view === "smooth");
  return scale;
}

function markDependence(canvas, picture, {query, pins}, radius) {
  const grid = picture?.shownGrid, cell = grid ? cellAt(grid, query) : -1;
  drawMarks(canvas, {box: cell < 0 ? null : cellBox(grid, cell), pins, radius});
}

// show({photo, title, sentence, picture, name}); draw and mark as those below; onPin(point)
function createEnlarged({onPin}) {
  const title = element("h2", {class: "nlviz-heading"}), stage = div("stage"), bar = rampBar("dependence-bar"), sentence = div("sentence");
  const buttons = [["most", -1], ["least", 1]].map(([which, sign]) =>
    button(`Pin the ${which} typical`, `pin-${which}-typical`, () => onPin(extremeOf(shown.picture, sign))));
  const close = button("Close", "enlarged-close", () => node.close());
  const beside = event => { if (event.target === node) node.close(); };                    // a click on the dialog itself, not in it
  const node = element("dialog", {class: "nlviz-enlarged", "aria-label": "Where attention depends on the query", onclick: beside},
    div("enlarged-inside", div("enlarged-head", title, close), stage, bar.node, sentence, div("typical", ...buttons)));
  let shown = null, parts = null;

  function show(next) {
    shown = next;
    setText(title, shown.title);
    setText(sentence, shown.sentence);
    const flat = isFlat({low: shown.picture.lowest, high: shown.picture.highest});
    for (const one of buttons) { one.disabled = flat; one.title = flat ? "Every query is as typical as any other" : ""; }
    parts = pictureBox(shown.photo, {id: shown.panel});
    stage.replaceChildren(parts.box);
    if (!node.open) node.showModal();
    const {width, height} = parts.box.getBoundingClientRect();
    fitBox(parts, shown.photo, width, height);
  }

  function draw(shared, view) {
    const scale = node.open && drawDependence(parts.heat, shown.picture, shared, view);
    if (scale) fillBar(bar, scale, view.paletteFor(scale), `mean divergence to all queries, nats · ${shared ? "shared" : "own"} scale`);
  }

  function mark(marks) { if (node.open) markDependence(parts.marks, shown.picture, marks); }

  return {node, show, draw, mark};
}

const isInside = ({x, y, width, height}) => Math.abs(x + width / 2 - 0.5) < 0.5 && Math.abs(y + height / 2 - 0.5) < 0.5;

function extremeOf({values, shownGrid: grid}, sign) { // the centre of the cell with the lowest (-1) or highest (1) value in the picture
  let best = -1;
  values.forEach((value, cell) => {
    if (Number.isFinite(value) && isInside(cellBox(grid, cell)) && (best < 0 || sign * value > sign * values[best])) best = cell;
  });
  return best < 0 ? null : centreOf(grid, best);      // a letterboxed grid has cells beside the picture too
}
