// Parts: the pieces of the page. They hold no state.
// Gives: element, div, span, setText, pinBadge, photoOf, pictureBox, rampBar, fillBar, fillBars, parityLine, predictionLine, photoPanel,
//   selectOf, choiceBox, unfolding, button.
// Takes: scales.js: ticksOf, tickText; words.js: PARITY, number, numbers, percent; drawing.js: PIN_COLOURS, LIGHT_INK; film.js:
//   filmCanvas.

function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter(child => child != null));
  return node;
}

const div = (name, ...children) => element("div", {class: `nlviz-${name}`}, ...children);
const span = (name, ...children) => element("span", {class: `nlviz-${name}`}, ...children);
const setText = (node, text) => { if (node.textContent !== text) node.textContent = text; };

function pinBadge(index) {
  const colour = PIN_COLOURS[index];
  return element("span", {class: "nlviz-pin", style: `background:${colour};color:${LIGHT_INK.has(colour) ? "#fff" : "#000"}`}, String(index + 1));
}

const photoOf = (picture, name) => picture.clip ? filmCanvas(picture, name) : element("img", {class: name, src: picture.url, alt: "", draggable: "false"});

function pictureBox(picture, panel, {pin = null, grey = true} = {}) {    // photo, heat and marks, one above the other
  const name = {"data-panel": panel ? panel.id : "photo", "data-pin": pin, "aria-hidden": "true"};
  const heat = panel && element("canvas", {class: "nlviz-heat", ...name});
  const marks = element("canvas", {class: "nlviz-marks", ...name});
  const photo = photoOf(picture, `nlviz-photo${grey ? " nlviz-grey" : ""}`);
  return {box: div("picture", photo, heat, marks), photo, heat, marks};
}

function rampBar(name = "") {                         // number, colours with ticks below them, number, words
  const low = span("number"), high = span("number"), words = span("words"), ticks = span("ticks");
  const ramp = element("canvas", {class: "nlviz-ramp", width: 256, height: 1, "aria-hidden": "true"});
  return {node: div(`bar ${name && `nlviz-${name}`}`, low, span("scale", ramp, ticks), high, words), low, ramp, ticks, high, words};
}

function fillBar(bar, scale, palette, words) {
  const top = Number.isInteger(scale.high) ? tickText(scale.high) : `${number(2 ** scale.high)}×`;
  const [low, high] = scale.times ? [tickText(scale.low), top] : numbers(scale.low, scale.high);
  setText(bar.low, low); setText(bar.high, high); setText(bar.words, words);
  drawTicks(bar, ticksOf(scale));
  if (bar.palette === palette) return;
  bar.palette = palette;
  const context = bar.ramp.getContext("2d"), image = context.createImageData(256, 1);
  new Uint32Array(image.data.buffer).set(palette);
  context.putImageData(image, 0, 0);
}

function drawTicks({node, ticks}, places) {
  node.classList.toggle("nlviz-ticked", places.length > 0);
  while (ticks.children.length > places.length) ticks.lastChild.remove();
  while (ticks.children.length < places.length) ticks.append(span("tick"));
  places.forEach(([share, words], at) => {
    setText(ticks.children[at], words);
    ticks.children[at].style.left = `${(100 * share).toFixed(2)}%`;
  });
}

function fillBars(holder, bars, shared, paletteFor, wordsOf) {           // one bar for each kind of rows
  for (const [kind, bar] of bars) if (!shared?.has(kind)) { bar.node.remove(); bars.delete(kind); }
  for (const [kind, scale] of shared || []) {
    if (!bars.has(kind)) { bars.set(kind, rampBar()); holder.append(bars.get(kind).node); }
    bars.get(kind).node.dataset.rows = kind;
    fillBar(bars.get(kind), scale, paletteFor(scale), wordsOf(kind, scale));
  }
}

function parityLine({outcome, text}) {
  const [glyph, words] = PARITY[outcome] || PARITY.undecided;
  return element("div", {class: "nlviz-parity", "data-outcome": outcome, title: text}, span("glyph", glyph), ` ${words}`);
}

function classesLine({top}) {
  if (!top.length) return null;
  const [[name, share], ...others] = top;
  const first = div("top", span("strong", name), ` ${percent(share)}`);
  if (!others.length) return first;
  const rest = others.map(([label, part]) => `${label} ${percent(part)}`).join(" · ");
  return element("details", {class: "nlviz-prediction"}, element("summary", {title: "Show the next predictions"}, ...first.childNodes), div("rest", rest));
}

function legendLine({classes}) {                        // classes below half a percent are counted only
  const named = classes.filter(({share}) => share >= 0.005), others = classes.length - named.length;
  const entries = named.map(({name, colour, share}) =>
    span("class", element("span", {class: "nlviz-swatch", style: `background:${colour}`}), `${name} ${percent(share)}`));
  return div("prediction nlviz-legend", ...entries, others ? `and ${others} more` : null);
}

function predictionLine(prediction) {
  if (!prediction) return null;
  return prediction.kind === "segmentation" ? legendLine(prediction) : classesLine(prediction);
}

function photoPanel(picture, choice) {
  const parts = pictureBox(picture, null, {grey: false}), grid = div("line");
  const {clip} = picture, ofFrames = clip ? " Comma and full stop, or Page Up and Page Down, go to another frame, p plays the clip." : "";
  const help = `Attention maps. Arrow keys move the query, Enter pins it, Delete removes a pin, 1 to 8 jump to a pin.${ofFrames}`;
  for (const [name, value] of [["tabindex", 0], ["role", "application"], ["aria-label", help]]) parts.box.setAttribute(name, value);
  const pixels = `${picture.width} × ${picture.height} px`, size = div("grid", clip ? `${clip.title} · ${pixels}` : pixels), name = div("title", picture.name || (clip ? "Clip" : "Photo"));
  name.title = name.textContent;
  const more = unfolding(choice, grid,
    div("line", `Point at any picture to ask, click to pin. Arrow keys move the query by one cell, Enter pins, Delete removes.${ofFrames}`));
  const caption = div("caption", div("name", name), div("at", size, div("here"), more.button), more.node);
  return {...parts, grid, picture, node: element("div", {class: "nlviz-panel", "data-panel": "photo"}, div("views", parts.box), caption)};
}

function selectOf(attributes, options, chosen, onChange) {
  return element("select", {...attributes, onchange: event => onChange(event.target.value)},
    ...options.map(option => element("option", {value: option, selected: option === chosen}, option)));
}

function choiceBox(words, choice, panel, options, chosen, onChange) {    // a choice of one panel
  const select = selectOf({"data-choice": choice, "data-panel": panel.id}, options, chosen, onChange);
  return element("label", {class: "nlviz-control nlviz-choice"}, words, select);
}

function unfolding(choice, ...children) {               // the rest of a caption, and the button that unfolds it; choice.unfolded
  const node = div("more", ...children);
  const toggle = element("button", {type: "button", class: "nlviz-unfold", "data-action": "unfold", onclick: () => set(!choice.unfolded)}, "more");
  function set(unfolded) {
    choice.unfolded = unfolded;
    node.hidden = !unfolded;
    toggle.setAttribute("aria-expanded", unfolded);
    setText(toggle, unfolded ? "less" : "more");
  }
  set(Boolean(choice.unfolded));
  return {node, button: toggle};
}

const button = (words, action, onclick, title) => element("button", {type: "button", class: "nlviz-button", "data-action": action, onclick, title}, words);
