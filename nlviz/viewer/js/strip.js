// The strip: pinned queries, one row each, by panels. It holds no state; the viewer says what is pinned.
// Gives: createStrip.
// Takes: geometry.js: nearestCell, cellBox; looks.js: hasNoQuery; scales.js: OWN, sharedScales, scaleOf; words.js: cellText, plural, labelOf,
//   termText, barText, liveTexts, strongestText; drawing.js: drawHeat, drawMarks; film.js: aspectOf, fitBox; parts.js: element, div, span,
//   setText, pinBadge, pictureBox, fillBars, button.

const THUMB_WIDTH = 140, THUMB_HEIGHT = 160, CLIP_WIDTH = 240;            // at most, in pixels; of all frames of a clip wider

function createStrip({onRemove, onClear}) {
  const bars = div("bars"), grid = div("strip-grid"), note = div("strip-note"), barsByKind = new Map();
  const clearButton = button("Clear pins", "clear-pins", onClear);
  const node = div("strip", div("strip-head", div("heading", "Pinned queries"), note, clearButton), div("strip-scroll", grid), bars);

  function draw({picture, panels, pins, looks, reference, settings, paletteFor}) {           // looks: a row for each pin
    const shared = sharedScales(looks.flat(), settings.scale), view = {picture, reference, settings, paletteFor, shared};
    setText(note, pins.length ? noteText(settings) : "Click any picture to pin a query; up to eight stay here, query by network.");
    clearButton.hidden = !pins.length;
    grid.replaceChildren(...(pins.length ? headings(picture, panels) : []), ...looks.flatMap((row, index) => rowOf(row, {...pins[index], index}, view, onRemove)));
    grid.style.setProperty("--nlviz-strip-columns", panels.length + 1);
    fillBars(bars, barsByKind, shared, paletteFor, (kind, scale) => barText(kind, scale,
      `${plural(pins.length, "pinned query", "pinned queries")} and ${plural(scale.networks.size, "network")}`, pins.length * scale.networks.size > 1, settings.term));
  }

  return {node, draw};
}

function noteText({direction, scale, term}) {
  return `${termText(term)}${direction} · ${scale === OWN ? "each map on its own scale" : "one scale for the whole strip"}`;
}

function headings(picture, panels) {
  const names = [picture.clip ? "Clip" : "Photo", ...panels.map(labelOf)];
  return [div("strip-name"), ...names.map(words => element("div", {class: "nlviz-strip-name", title: words}, words))];
}

function fitThumb(parts, picture) {
  const aspect = aspectOf(picture), wide = Math.round(Math.min(picture.clip ? CLIP_WIDTH : THUMB_WIDTH, THUMB_HEIGHT * aspect));
  fitBox(parts, picture, wide, wide / aspect);
}

function rowOf(looks, pin, view, onRemove) {
  const {picture, reference} = view, cell = cellText(reference, nearestCell(reference, pin));
  const remove = button("×", "remove-pin", () => onRemove(pin.index), `Remove pinned query ${pin.index + 1}`);
  remove.dataset.pin = pin.index + 1;
  remove.setAttribute("aria-label", remove.title);
  const first = pictureBox(picture, null, {pin: pin.index + 1, grey: false});
  fitThumb(first, picture);
  drawMarks(first.marks, {pins: [pin], radius: 6});
  return [div("strip-label", pinBadge(pin.index), span("strip-cell", cell), remove), first.box, ...looks.map(look => stripCell(look, pin, view))];
}

function stripCell(look, pin, {picture, reference, settings, paletteFor, shared}) {
  if (look.map.ofChannels) return element("div", {class: "nlviz-strip-none", "data-panel": look.panel.id, "data-pin": pin.index + 1}, "no row: channels");
  const parts = pictureBox(picture, look.panel, {pin: pin.index + 1}), {box, heat, marks} = parts, noCell = look.asked < 0 || hasNoQuery(look);
  fitThumb(parts, picture);
  if (look.values) drawHeat(heat, look, scaleOf(look, shared), paletteFor(scaleOf(look, shared)), settings.view === "smooth");
  drawMarks(marks, {box: noCell ? null : cellBox(look.askedGrid, look.asked), pins: []});
  box.title = `Query ${pin.index + 1}: ${labelOf(look.panel)}${strongestText(look, reference)}; ${liveTexts(look).join("; ")}`;
  return box;
}
