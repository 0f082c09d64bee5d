// "Does it depend on the query?": a row of numbers and a small picture for each map. The numbers are the server's and come when
// they are ready; a picture shows whose rows differ most from all the others, and a click enlarges it.
// Gives: createDepends.
// Takes: maps.js: callOf; scales.js: OWN; words.js: labelOf; film.js: aspectOf, fitBox; parts.js: element, div, setText, pictureBox, rampBar, fillBar; snapshots.js:
//   epochOf, epochText; measuring.js: createMeasuring; numbers_table.js: createNumbersTable; enlarged.js: createEnlarged,
//   drawDependence, markDependence; depends_stack.js: createDependsStack.

const DEPENDS = "Does it depend on the query?";
const DEPENDS_HELP = "How far apart two queries are, on average over all pairs; 0: every query gets the same. Beside it the same "
  + "with every query’s own numbers shuffled, which is what unrelated queries would give, and with fresh weights, never trained. "
  + "Cosine distance goes from 0 to 1, the Jensen–Shannon divergence (JSD) from 0 to ln 2 = 0.69 nats.";
const THUMB = 116, CLIP_THUMB = 232;                   // pixels, the longer side of a small picture; of all frames of a clip larger

function createDepends({onDepends, onPin, shares, effects, onChoose}) {
  const progress = element("span", {class: "nlviz-measuring", role: "status"}), holder = div("dependences"), bar = rampBar("dependence-bar");
  const table = createNumbersTable(), stacks = createDependsStack({shares, effects, onChoose}), enlarged = createEnlarged({onPin}), pictures = div("dependence-pictures", bar.node, holder);
  const node = element("section", {class: "nlviz-depends", "aria-label": DEPENDS},
    div("strip-head", div("heading", DEPENDS), progress), div("quiet nlviz-help", DEPENDS_HELP), pictures, table.node, stacks.node, enlarged.node);
  const measuring = createMeasuring(onDepends, update);
  let rows = [], thumbs = new Map(), shown = null, view = null, marks = null;

  // Which panels are shown, at which snapshot; chosen: {network: epoch} as requests name it. The maps shown are asked for first.
  function show({scene, panels, chosen, isWaiting}) {
    if (shown !== scene) thumbs = new Map();
    shown = scene;
    rows = rowsOf(scene, panels, chosen, isWaiting);
    stacks.show(shares.isOffered ? panels : []);
    const first = rows.filter(({isShown}) => isShown), others = rows.filter(({isShown}) => !isShown);
    measuring.follow([...first, ...others].map(row => row.asked), () => !node.isConnected);
    update();
  }

  function update() {
    const found = measuring.progress(), filled = rows.map(row => ({...row, record: measuring.recordOf(row.asked)}));
    setText(progress, found ? `Measuring ${found[0]} of ${found[1]} …` : "");
    table.fill(filled.map(row => ({...row, onAgain: () => measuring.again(row.asked)})));
    showThumbs(filled.filter(({record}) => record.attention?.picture || !(record.attention || record.error)));
    drawPictures();
  }

  function showThumbs(seen) {                         // of what has a picture, or may still get one
    const nodes = seen.map(row => thumbOfRow(row).node), there = [...holder.children];
    if (nodes.length !== there.length || nodes.some((one, at) => one !== there[at])) holder.replaceChildren(...nodes);
    pictures.hidden = !seen.length;
  }

  function thumbOfRow(row) {
    if (!thumbs.has(row.name)) thumbs.set(row.name, thumbOf(shown.picture, enlarge));
    thumbs.get(row.name).fill(row);
    return thumbs.get(row.name);
  }

  function enlarge({title, panel, record}) {
    enlarged.show({photo: shown.picture, panel, title, sentence: record.attention.sentence, picture: record.attention.picture});
    drawPictures();
  }

  function draw(next) { view = next; stacks.draw(next); drawPictures(); }

  function drawPictures() {
    if (!view || !shown) return;
    const all = shownThumbs(), found = all.map(thumb => thumb.picture()).filter(Boolean), high = Math.max(...found.map(({highest}) => highest), 0);
    const shared = view.settings.scale === OWN ? null : {low: 0, high};
    for (const thumb of all) drawDependence(thumb.heat, thumb.picture(), shared, view);
    bar.node.hidden = !shared;                        // else each has its own, enlarged
    bar.node.classList.toggle("nlviz-unseen", !found.length);
    if (shared) fillBar(bar, shared, view.paletteFor(shared), "mean divergence to all queries, nats · shared scale");
    enlarged.draw(shared, view);
    if (marks) mark(marks);
  }

  const shownThumbs = () => rows.map(({name}) => thumbs.get(name)).filter(thumb => thumb?.node.isConnected);

  function mark(next) {                               // next: {query, pins}
    marks = next;
    for (const thumb of shownThumbs()) markDependence(thumb.marks, thumb.picture(), {query: marks.query, pins: []});
    enlarged.mark(marks);
  }

  const state = () => ({dependence: rows.map(row => stateOf(row, measuring.recordOf(row.asked))), measuring: Boolean(measuring.progress())});

  return {node, enlarged: enlarged.node, show, draw, mark, fit: drawPictures, state, updateShares: stacks.update, isLookedAt: () => stacks.isSeen()};
}

// Of layers x heads the maps that are shown, of other networks all that do not stand aside (channels of one frame after the other).
function rowsOf(scene, panels, chosen, isWaiting) {
  const rows = panels.flatMap(panel => (panel.stack ? [panel.map] : panel.maps.filter(map => !map.aside)).map(map => askedRow(scene, panel, map, chosen, isWaiting(panel))));
  return rows.filter(({name}, at) => rows.findIndex(row => row.name === name) === at);
}

function askedRow({key}, panel, map, snapshots, waiting) {
  const name = JSON.stringify([key.picture, key.resolution ?? null, callOf(panel), map.name, epochOf(panel)]);
  return {name: `${callOf(panel)} ${map.name}`, panel: callOf(panel), map: map.name, title: labelOf({...panel, map}), isShown: map === panel.map, snapshot: epochOf(panel),
          epoch: panel.snapshots ? epochText(panel.snapshots, epochOf(panel)) : "",
          asked: {name, waiting, request: {key, panel: callOf(panel), map: map.name, snapshots}}};
}

function thumbOf(photo, onEnlarge) {
  const parts = pictureBox(photo, {}), {box, heat, marks} = parts, words = div("dependence-name");
  const node = element("button", {type: "button", class: "nlviz-dependence", onclick: () => onEnlarge(row)}, box, words);
  const aspect = aspectOf(photo), most = photo.clip ? CLIP_THUMB : THUMB;
  let row = null;
  fitBox(parts, photo, most * Math.min(1, aspect), most / Math.max(1, aspect));

  function fill(next) {
    row = next;
    setText(words, row.title);
    node.title = row.record.attention?.sentence || "Waiting for the numbers …";
    node.disabled = !row.record.attention?.picture;
    node.setAttribute("aria-label", `Enlarge: where ${row.title} depends on the query`);
    for (const part of [node, heat, marks]) Object.assign(part.dataset, {panel: row.panel, map: row.map});
  }

  return {node, heat, marks, fill, picture: () => row?.record.attention?.picture};
}

function stateOf({panel, map, snapshot}, {attention, fresh, error}) {
  const numbers = attention && attention.numbers.map(one => ({...one, fresh: fresh?.fresh?.[one.name] ?? null}));
  return {id: panel, map, snapshot, numbers, sentence: attention?.sentence ?? "", error};
}
