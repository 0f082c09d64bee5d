// Panels: one call of a block, its map over the photo and what is said of it. The state is the viewer's.
// Gives: mapPanel, showPanelIn, showMapOf, hasSegmentation, fitPanel, drawPanel.
// Takes: geometry.js: cellBox; looks.js: hasNoQuery; scales.js: scaleOf, isFlat; words.js: termText, gridsTexts, factText, liveTexts;
//   drawing.js: clear, drawHeat, drawLabels, drawMarks, fitCanvas; parts.js: element, div, span, setText, pictureBox, rampBar,
//   fillBar, parityLine, predictionLine, choiceBox; channel_view.js: channelView.

// choice: {map, order, kept}, what the user chose for this panel; slider: of snapshots, it stays while panels come and go
function mapPanel(picture, panel, {choice, slider, onMap}) {
  const parts = pictureBox(picture, panel), own = rampBar("own");
  const words = Object.fromEntries(["title", "subtitle", "maps", "line", "facts", "live", "channels", "about"].map(name => [name, div(name)]));
  const {title, subtitle, maps, line, facts, live, channels, about} = words;
  const caption = div("caption", title, subtitle, maps, slider?.node, line, facts, live, own.node, channels, about);
  const part = {...parts, ...words, panel, picture, choice, slider, onMap, own, view: null,
                node: element("div", {class: "nlviz-panel", "data-panel": panel.id}, parts.box, caption)};
  showPanelIn(part, panel);
  return part;
}

function showPanelIn(part, panel) {                   // another snapshot of a network takes the place of the one before
  const {title, subtitle, maps, line, about, onMap} = part, names = panel.maps.map(map => map.name), before = about.querySelector("details");
  part.panel = panel;
  setText(title, panel.title);
  setText(subtitle, panel.subtitle || "");
  subtitle.hidden = !panel.subtitle;
  setText(line, [panel.block, panel.layer].filter(Boolean).join(" · "));
  if (maps.dataset.names !== names.join()) maps.replaceChildren(...(names.length > 1 ? [choiceBox("Map", "map", panel, names, panel.map.name, onMap)] : []));
  maps.dataset.names = names.join();
  const prediction = predictionLine(panel.prediction), notes = (panel.notes || []).map(note => div("line", note));
  if (before?.open && prediction?.tagName === "DETAILS") prediction.open = true;
  about.replaceChildren(...[panel.parity && parityLine(panel.parity), prediction, ...notes].filter(Boolean));
  showMapOf(part);
}

function showMapOf(part) {                            // the panel's present map; what was there of another one goes
  const {panel, maps, facts, channels, choice} = part, {map} = panel, fact = factText(map), select = maps.querySelector("select");
  if (select) select.value = map.name;
  const [grids, rows] = gridsTexts(map).map(text => span("together", text));
  facts.replaceChildren(div("line", grids, " ", rows), ...(fact ? [div("line", fact)] : []));
  part.view = map.ofChannels ? channelView(part, choice) : null;
  channels.replaceChildren(...(part.view ? [part.view.node] : []));
}

const hasSegmentation = panel => panel.prediction?.kind === "segmentation";

function fitPanel({box, heat, marks, view}) {
  const {width, height} = box.getBoundingClientRect();
  for (const canvas of [heat, marks]) if (canvas) fitCanvas(canvas, width, height);
  view?.fit(width);
}

function drawPanel(part, look, shared, {settings, paletteFor, pins, referenceBox}) {
  const {heat, marks, panel, view, live, own} = part, smooth = settings.view === "smooth", labelled = settings.segmentation && hasSegmentation(panel);
  live.hidden = own.node.hidden = look.map.ofChannels;
  if (view) view.node.hidden = !look.map.ofChannels;  // a similarity has places
  if (look.map.ofChannels) {                                         // no place asks here, so nothing is marked
    clear(marks);
    view.draw({settings, paletteFor, smooth, labelled});
    return;
  }
  if (labelled) drawLabels(heat, panel);
  else drawHeat(heat, look, scaleOf(look, shared), look.values && paletteFor(scaleOf(look, shared)), smooth);
  const noCell = look.asked < 0 || hasNoQuery(look);
  drawMarks(marks, {box: noCell ? referenceBox : cellBox(look.askedGrid, look.asked), dashed: noCell, pins});
  drawLive(live, liveTexts(look));
  own.node.hidden = Boolean(shared) || !look.values;
  if (own.node.hidden) return;
  const scale = scaleOf(look, null);
  fillBar(own, scale, paletteFor(scale), `${termText(look.term)}own scale${isFlat(scale) ? ", flat" : ""}`);
}

function drawLive(live, texts) {
  while (live.children.length > texts.length) live.lastChild.remove();
  while (live.children.length < texts.length) live.append(span("measure"));
  texts.forEach((text, at) => {
    setText(live.children[at], text);
    live.children[at].classList.toggle("nlviz-wide", text.length > 28);
  });
}
