// Panels: one call of a block, its map over the photo and what is said of it. The state is the viewer's.
// Gives: mapPanel, showPanelIn, showMapOf, showEffect, showPrediction, hasSegmentation, spanOf, fitPanel, drawPanel.
// Takes: geometry.js: cellBox; looks.js: hasNoQuery; scales.js: scaleOf, isFlat; words.js: termText, gridText, gridsTexts, apartText,
//   factText, sharesText, hereText, liveTexts; drawing.js: clear, drawHeat, drawLabels, drawMarks; film.js: fitBox; parts.js: element, div, span, setText,
//   pictureBox, rampBar, fillBar, parityLine, predictionLine, choiceBox, unfolding, button; filmstrip.js: createFilmstrip, filmAside, filmMarks,
//   sharesOfFrames; channel_view.js: channelView; stack_layout.js: mapAt.

const WORDS = ["title", "subtitle", "maps", "grid", "here", "taken", "scales", "line", "facts", "live", "channels", "about", "effect", "said"];

// choice: {map, order, kept, unfolded, sort, large}, what the user chose for this panel; slider: of snapshots, it stays while panels come and go
function mapPanel(picture, panel, {choice, slider, onMap, onRemove}) {
  const parts = pictureBox(picture, panel), own = rampBar("own");
  const words = Object.fromEntries(WORDS.map(name => [name, div(name)]));
  const {title, subtitle, maps, grid, here, scales, line, facts, live, channels, about} = words, beside = div("beside");
  const more = unfolding(choice, subtitle, line, facts, live, channels, about);
  const caption = div("caption", div("name", title, maps), div("at", grid, here, more.button), words.taken, scales, slider?.node, own.node, words.effect, more.node);
  const film = picture.clip ? createFilmstrip(picture, parts) : null, aside = film && filmAside();
  const part = {...parts, ...words, beside, panel, picture, choice, slider, onMap, onRemove, own, film, aside, followed: [], view: null,
                node: element("div", {class: "nlviz-panel", "data-panel": panel.id}, div("views", parts.box, beside), aside?.node ?? null, caption)};
  showPanelIn(part, panel);
  return part;
}

function showPanelIn(part, panel) {                   // another snapshot of a network takes the place of the one before
  const {title, subtitle, line, about, said} = part;
  part.panel = panel;
  title.title = panel.label;
  setText(subtitle, panel.subtitle || "");
  subtitle.hidden = !panel.subtitle;
  setText(line, [panel.block, panel.layer].filter(Boolean).join(" · "));
  const notes = (panel.notes || []).map(note => div("line", note));
  about.replaceChildren(...[panel.parity && parityLine(panel.parity), said, ...notes].filter(Boolean));
  showPrediction(part, panel.prediction);
  showMapOf(part);
}

function showPrediction(part, prediction, because = "") {                // what the network says, perhaps with maps replaced
  if (part.prediction === prediction && part.because === because) return;
  const before = part.said.querySelector("details"), line = predictionLine(prediction);
  if (before?.open && line?.tagName === "DETAILS") line.open = true;
  part.said.replaceChildren(...[because && div("line", because), line].filter(Boolean));
  Object.assign(part, {prediction, because});
}

function showEffect({effect}, {said, of, isChosen}) { // what replacing its maps does to the network, the number after the colon
  const text = [said, of].filter(Boolean).join(", "), at = said.indexOf(": ") + 2;
  effect.classList.toggle("nlviz-chosen", isChosen);
  if (effect.title === text) return;
  effect.title = text;
  const kept = words => words.replaceAll(" %", "\u00a0%");               // a number and its sign on one line
  effect.replaceChildren(div("effect-text", span("effect-sentence", said.slice(0, at), span("effect-found", kept(said.slice(at)))), of && `, ${of}`));
}

function showMapOf(part) {                            // the panel's present map; what was there of another one goes
  const {panel, node, title, grid, here, scales, facts, channels, beside, choice} = part, {map} = panel, fact = factText(map);
  const [grids, rows] = gridsTexts(map).map(text => span("together", text));
  facts.replaceChildren(div("line", grids, " ", rows), ...(fact ? [div("line", fact)] : []));
  part.view = map.ofChannels && map.form ? channelView(part, choice) : null;
  node.classList.toggle("nlviz-wide-panel", Boolean(part.view));
  setText(title, part.view ? panel.label : panel.title);
  setText(grid, part.view ? "" : [apartText(panel), map.keyGrid && gridText(map.keyGrid)].filter(Boolean).join(" · "));
  here.replaceChildren(...(part.view ? [part.view.words] : []));
  scales.replaceChildren(...(part.view ? [part.view.bars] : []));
  beside.replaceChildren(...(part.view ? [part.view.node] : []));
  channels.replaceChildren(...(part.view ? [part.view.more] : []));
  showChoices(part);
}

function showChoices(part) {                          // the map of a block with several, the order of channels
  if (part.panel.stack) showStackChoices(part); else showMapChoices(part);
}

function showStackChoices({panel, maps, onMap, onRemove}) {              // layer and head by name: the thumbnails are for the eye
  const {map, stack} = panel, {heads} = stack.layers.find(({number}) => number === map.layer), layers = stack.layers.map(({number}) => `layer ${number}`);
  const nameOf = head => head ? `head ${head}` : `mean of ${heads}`, all = heads > 1 ? [null, ...Array.from({length: heads}, (_, at) => at + 1)] : [];
  const choose = (layer, head) => onMap(mapAt(panel, layer, head).name), focused = maps.contains(document.activeElement) && document.activeElement.dataset.choice;
  maps.classList.add("nlviz-of-stack");
  maps.replaceChildren(...(layers.length > 1 ? [choiceBox("Layer", "layer", panel, layers, `layer ${map.layer}`, value => choose(Number(value.slice(6)), map.head))] : []),
    ...(all.length ? [choiceBox("Head", "head", panel, all.map(nameOf), nameOf(map.head), value => choose(map.layer, all.find(head => nameOf(head) === value)))] : []),
    ...(panel.beside ? [removeButton(panel, onRemove)] : []));
  if (focused) maps.querySelector(`[data-choice=${focused}]`)?.focus({preventScroll: true});
}

function removeButton(panel, onRemove) {
  const one = button("×", "remove-beside", onRemove, "Remove this panel");
  one.setAttribute("aria-label", one.title);
  one.dataset.panel = panel.id;
  one.classList.add("nlviz-quiet-button");
  return one;
}

function showMapChoices({panel, maps, view, onMap}) {
  const names = panel.maps.map(map => map.name), select = maps.querySelector("[data-choice=map]");
  if (select && maps.dataset.names === names.join()) select.value = panel.map.name;
  else maps.replaceChildren(...(names.length > 1 ? [choiceBox("Map", "map", panel, names, panel.map.name, onMap)] : []));
  maps.dataset.names = names.join();
  maps.querySelector("[data-choice=order]")?.parentElement.remove();
  if (view) maps.append(view.sort);
}

const hasSegmentation = panel => panel.prediction?.kind === "segmentation";

const spanOf = ({view}) => view ? 2 : 1;              // a matrix stands beside its map

function fitPanel(part, across) {                     // across: frames of a clip side by side
  const {box, picture, view, film} = part;
  if (film) film.fit(across ?? box.sheet.across);
  const {width, height} = box.getBoundingClientRect();
  if (!film) fitBox(part, picture, width, height);
  view?.fit(width, height);
}

function drawPanel(part, look, shared, {settings, paletteFor, pins, referenceBox, ownPass}) {
  const {heat, marks, view, here, live, own, scales} = part, smooth = settings.view === "smooth", labels = settings.segmentation && hasSegmentation(part) ? part.prediction : null;
  live.hidden = own.node.hidden = look.map.ofChannels;
  if (view) view.node.hidden = scales.hidden = !look.map.ofChannels;     // a similarity has places
  if (look.map.ofChannels && part.film) drawFilmOf(part, look, paletteFor);
  if (look.map.ofChannels && !view) {                 // its layer is not here
    [heat, marks].forEach(clear);
    setText(here, hereText(look));
    setText(part.taken, "");
    return;
  }
  if (look.map.ofChannels) {                          // no place asks here, so nothing is marked
    if (here.firstChild !== view.words) here.replaceChildren(view.words);
    clear(marks);
    setText(part.taken, "");
    view.draw({settings, paletteFor, smooth, labels});
    return;
  }
  if (labels) drawLabels(heat, labels);
  else drawHeat(heat, look, scaleOf(look, shared), look.values && paletteFor(scaleOf(look, shared)), smooth);
  const noCell = look.asked < 0 || hasNoQuery(look);
  drawMarks(marks, {box: noCell ? referenceBox : cellBox(look.askedGrid, look.asked), dashed: noCell, pins,
                    between: part.film && filmMarks(noCell ? {...look, asked: -1} : look, part.followed, settings)});
  if (part.film) drawFilmOf(part, look, paletteFor);
  setText(here, hereText(look));
  here.title = look.values ? "what the cell under the pointer gets" : here.textContent;
  setText(part.taken, sharesText(look));
  drawLive(live, liveTexts(look));
  own.node.hidden = Boolean(shared) || !look.values;
  if (own.node.hidden) return;
  const scale = scaleOf(look, null);
  fillBar(own, scale, paletteFor(scale), `${ownPass}${termText(look.term)}own scale${isFlat(scale) ? ", flat" : ""}`);
}

function drawFilmOf({film, aside, picture}, look, paletteFor) {
  const {frame} = look.point;
  film.draw({frame, ...sharesOfFrames(look, picture.clip.count)});
  aside.draw({look, frame, frames: look.alike ? null : look.map.framesMatrix, palette: paletteFor(null)});
}

function drawLive(live, texts) {
  while (live.children.length > texts.length) live.lastChild.remove();
  while (live.children.length < texts.length) live.append(span("measure"));
  texts.forEach((text, at) => {
    setText(live.children[at], text);
    live.children[at].classList.toggle("nlviz-wide", text.length > 28);
  });
}
