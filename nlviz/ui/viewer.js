// The viewer: a photo and one panel per attention map, all following one query. Plain ES2020, no dependencies.
//
//   const viewer = createViewer(root, {colourMaps, diverging, onExport, onDepends, onSnapshot});
//   viewer.show(scene); viewer.setBusy("Reading the photo"); viewer.setMessage("Too large", true); viewer.state();
//
// The last three ask the server and may be absent: onExport for a figure, onDepends for the numbers below the strip (see
// viewer_measuring.js), onSnapshot for a panel at another epoch (see viewer_snapshots.js).
//
// viewer.py puts the files into one function, smallest part first: viewer_maps.js, viewer_weights.js, viewer_terms.js and
// viewer_looks.js (numbers), viewer_words.js (texts), viewer_drawing.js and viewer_matrix.js (canvases), viewer_parts.js,
// viewer_messages.js, viewer_channels.js, viewer_snapshots.js, viewer_panels.js, viewer_strip.js, viewer_distances.js,
// viewer_measuring.js, viewer_numbers.js and viewer_depends.js (pieces of the page), viewer_pointing.js (pointer and keyboard),
// and this one, which holds the state and answers the user.
//
// Words: a panel is one call of a block, with one or several maps. A point is {x, y}, fractions of the picture. A grid knows
// where its cells lie in the picture; a cell is an index in raster order. A look is one map seen from one point: the cell asked,
// the grid shown, one weight for each of its cells.

const MAX_PINS = 8;

function createViewer(root, {colourMaps, diverging, onExport, onDepends, onSnapshot}) {
  const palettes = Object.fromEntries(Object.entries(colourMaps).map(([name, text]) => [name, paletteOf(text)]));
  const divergingPalette = diverging && paletteOf(diverging), terms = TERMS.filter(term => divergingPalette || term !== CENTRED);
  const settings = {opacity: 0.65, colours: Object.keys(palettes)[0], scale: "shared", view: "cells", direction: ATTENDS, term: FULL, segmentation: false};
  const choices = new Map();                          // what was chosen in a panel, by its id: it outlives the scene
  let scene = null, panels = [], reference = referenceGrid([]), query = {x: 0.5, y: 0.5}, pins = [];
  let photo = null, parts = [], looks = [], hovered = null, frame = 0, late = false, lastDrawMs = 0, fitted = "";
  let announceTimer = 0, announceText = "";

  // -- the page
  const {busy, message, setBusy, setMessage, complain, withdraw} = createMessages();
  const segmentation = segmentationBox(change);
  const exports = onExport ? ["png", "pdf"].map(format => button(`Export ${format.toUpperCase()}`, `export-${format}`, () => exportAs(format),
    "The pinned queries, or the current one when none is pinned")) : [];
  const toolbar = div("toolbar", opacitySlider(settings.opacity, change), selectBox("Colours", "colours", Object.keys(palettes), change),
    selectBox("Scale", "scale", ["shared", "per panel"], change), selectBox("Draw", "view", ["cells", "smooth"], change),
    selectBox("Direction", "direction", [ATTENDS, ATTENDED], change), selectBox("Show", "term", terms, change), segmentation, div("exports", ...exports));
  const empty = div("empty", "Choose a photo and a network. Then point at any place in the picture to see what it attends to.");
  const area = div("panels");
  const bars = div("bars"), status = div("status"), foot = div("foot", bars, status);
  const spoken = element("div", {class: "nlviz-spoken", "aria-live": "polite"});
  const strip = createStrip({onClear: () => setPins([]), onRemove: index => { removePin(index); photo.box.focus({preventScroll: true}); }});
  const distances = createDistances(), depends = onDepends ? createDepends({onDepends, onPin: pinPoint}) : null;
  const snapshots = createSnapshots({onSnapshot, now: () => ({scene, panels}), onShow: swapPanels, onChange: drawSliders,
                                     onFail: text => complain(text, true)});
  const pointing = createPointing({now: () => ({photo, reference, query, pins}), ask, togglePin, removeHereOrLast});
  const barsByKind = new Map(), forgetHeight = keepHeight(status);

  function build() {
    root.classList.add("nlviz");
    root.replaceChildren(message, toolbar, div("over", busy, empty, area, foot), strip.node, distances.node, ...(depends ? [depends.node] : []), spoken);
    showStage(false);
    root.style.setProperty("--nlviz-opacity", settings.opacity);
    pointing.listen(area);
    if (depends) pointing.listen(depends.node);
    new ResizeObserver(fit).observe(root);
    window.addEventListener("resize", function onResize() {
      if (area.isConnected) fit(); else window.removeEventListener("resize", onResize);
    });
  }

  function showStage(shown) {
    for (const part of [toolbar, area, foot, strip.node, depends?.node]) if (part) part.hidden = !shown;
    distances.node.hidden = true;                     // until two queries are pinned
    empty.hidden = shown;
  }

  // -- scene
  function show(next) {
    let decoded;
    try { decoded = next ? next.panels.map(decodePanel) : []; } catch (error) { complain(error.message, true); return; }
    withdraw();
    if (next?.picture.url !== scene?.picture.url) { query = {x: 0.5, y: 0.5}; pins = []; hovered = null; }
    scene = next; panels = scene ? snapshots.enter(scene, decoded) : []; reference = referenceGrid(panels);
    namePanels();
    showStage(Boolean(scene));
    if (!scene) { showDependence(); return; }
    const focused = photo?.box === document.activeElement;
    photo = photoPanel(scene.picture);
    parts = panels.map((panel, at) => mapPanel(scene.picture, panel,
      {choice: choiceOf(panel), slider: sliderOf(panel), onMap: name => chooseMap(parts[at], name)}));
    setText(photo.grid, `Query cells: ${gridText(reference)}`);
    root.style.setProperty("--nlviz-aspect", scene.picture.width / scene.picture.height);
    area.replaceChildren(photo.node, ...parts.map(part => part.node));
    if (focused) photo.box.focus({preventScroll: true});
    segmentation.hidden = !panels.some(hasSegmentation);
    fitted = "";
    drawSliders();
    drawPinned();
    fit();
  }

  function namePanels() {                             // how each is called, and the map of it that is shown
    labelsOf(panels).forEach((label, at) => Object.assign(panels[at], {label, map: chosenMap(panels[at])}));
  }

  const paletteFor = scale => scale.centred ? divergingPalette : palettes[settings.colours];

  // -- what is chosen in a panel
  function choiceOf({id}) {
    if (!choices.has(id)) choices.set(id, {map: null, order: null, kept: null});
    return choices.get(id);
  }

  const chosenMap = panel => panel.maps.find(map => map.name === choiceOf(panel).map) || panel.maps[0];
  const namesOfMaps = () => Object.fromEntries(panels.filter(panel => panel.maps.length > 1).map(panel => [panel.id, panel.map.name]));

  function chooseMap(part, name) {
    choiceOf(part.panel).map = name;
    part.panel.map = chosenMap(part.panel);
    showMapOf(part);
    fitPanel(part);
    showDependence();
    drawPinned();
    draw();
  }

  // -- snapshots of training
  function sliderOf(panel) {
    return onSnapshot && panel.snapshots ? epochSlider(panel, at => { withdraw(); snapshots.choose(panel, at); }) : null;
  }

  function swapPanels(next) {                         // another epoch of a network, in the places of the one before
    const byId = new Map(next.map(panel => [panel.id, panel]));
    panels = panels.map(panel => byId.get(panel.id) || panel);
    namePanels();
    parts.filter(part => byId.has(part.panel.id)).forEach(part => { showPanelIn(part, byId.get(part.panel.id)); fitPanel(part); });
    drawPinned();
    draw();
  }

  function drawSliders() {
    parts.forEach(({slider, panel}) => slider?.draw(snapshots.wantedOf(panel), snapshots.isWaiting(panel)));
    showDependence();
  }

  const showDependence = () => depends?.show({scene, panels, chosen: snapshots.chosen(), isWaiting: snapshots.isWaiting});

  function fit() {                                    // lays the panels out anew when the width, height or pixel ratio changed
    const style = getComputedStyle(root), width = root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const wanted = [width, window.innerHeight, window.devicePixelRatio].join();
    if (!scene || width <= 0 || wanted === fitted) return;
    fitted = wanted;
    forgetHeight();
    const {gap, widest, columns} = layoutFor(width, parts.length + 1, scene.picture.width / scene.picture.height);
    for (const [name, value] of [["gap", `${gap}px`], ["widest", `${widest}px`], ["columns", columns]]) root.style.setProperty(`--nlviz-${name}`, value);
    [photo, ...parts].forEach(fitPanel);
    depends?.fit();
    draw();
  }

  // -- drawing all panels
  function requestDraw() {                              // the first move of a frame at once, those after it with the next
    if (frame) { late = true; return; }
    draw();
    frame = requestAnimationFrame(() => { frame = 0; if (late) requestDraw(); });
  }

  function draw() {
    late = false;
    if (!scene || !fitted) return;
    const start = performance.now();
    looks = panels.map(panel => lookFrom(panel, settings, query, panel.map.buffer));
    const shared = settings.scale === "shared" ? sharedScales(looks) : null;
    const view = {settings, paletteFor, pins: pinMarks(), referenceBox: cellBox(reference, nearestCell(reference, query))};
    looks.forEach((look, at) => drawPanel(parts[at], look, shared, view));
    drawMarks(photo.marks, {box: view.referenceBox, pins: view.pins});
    depends?.mark({query, pins: view.pins});
    fillBars(bars, barsByKind, shared, paletteFor, (kind, {networks}) => barText(kind, plural(networks.size, "network"), networks.size > 1, settings.term));
    drawStatus();
    lastDrawMs = performance.now() - start;
  }

  const pinMarks = () => pins.map((pin, index) => ({...pin, index}));

  function drawStatus() {                             // the label of each panel, then what is said of it
    const entries = statusEntries(looks, hovered, reference), lead = statusLead(settings, reference, query);
    const words = entries.map(([label, text], at) => [label, text + (at < entries.length - 1 ? "; " : "")]);
    const text = lead + words.flat().join("");
    if (status.textContent === text) return;
    status.replaceChildren(lead, ...words.map(([label, rest]) => span("entry", span("strong", label), rest)));
    announce(text);
  }

  function announce(text) {                           // screen readers hear at most two lines a second
    announceText = text;
    if (announceTimer) return;
    announceTimer = setTimeout(() => { announceTimer = 0; setText(spoken, announceText); }, 500);
  }

  function drawPinned() {                             // all below the panels
    const rows = pins.map(pin => panels.map(panel => lookFrom(panel, settings, pin, new Float32Array(panel.map.buffer.length))));
    strip.draw({picture: scene.picture, panels, pins, looks: rows, reference, settings, paletteFor});
    distances.draw(rows);
    depends?.draw({settings, paletteFor});
  }

  // -- pins
  const pinAt = cell => pins.findIndex(pin => nearestCell(reference, pin) === cell);
  const removePin = index => setPins(pins.filter((_, at) => at !== index));

  function setPins(next) {
    pins = next;
    withdraw();
    drawPinned();
    draw();
  }

  function togglePin() {
    const index = pinAt(nearestCell(reference, query));
    if (index >= 0) removePin(index); else pinQuery();
  }

  function pinQuery() {
    const cell = nearestCell(reference, query);
    if (pinAt(cell) >= 0) return;
    if (pins.length >= MAX_PINS) { complain("Eight queries are pinned; remove one first"); return; }
    setPins([...pins, centreOf(reference, cell)]);
  }

  function pinPoint(point) {
    if (!point) return;
    ask(point);
    pinQuery();
  }

  function removeHereOrLast() {
    const index = pinAt(nearestCell(reference, query));
    if (pins.length) removePin(index >= 0 ? index : pins.length - 1);
  }

  function ask(point, panel) {
    query = point; hovered = panel || hovered;
    requestDraw();
  }

  // -- settings, export, words
  function change(setting, value) {
    settings[setting] = value;
    if (setting === "opacity") { root.style.setProperty("--nlviz-opacity", value); return; }
    root.classList.toggle("nlviz-segmented", settings.segmentation);
    if (!scene) return;
    if (setting !== "segmentation") drawPinned();
    draw();
  }

  async function exportAs(format) {
    if (!scene) return;
    const queries = (pins.length ? pins : [query]).map(({x, y}) => [x, y]);
    exports.forEach(node => { node.disabled = true; });
    setBusy(`Drawing the ${format.toUpperCase()}`);
    const request = {key: scene.key, format, queries, settings: {...settings}, parts: namesOfMaps(), snapshots: snapshots.chosen()};
    try { save(await onExport(request)); withdraw(); }
    catch (error) { complain(`Export failed: ${error?.message || error}`, true); }
    finally { setBusy(null); exports.forEach(node => { node.disabled = false; }); }
  }

  function lookState({panel, map, asked, strongest, lowest, highest, entropy, values, reason}) {
    return {id: panel.id, map: map.name, asked, strongest, lowest, highest, entropy, reason, values: values && Array.from(values)};
  }

  const partState = ({panel, view}) => ({id: panel.id, map: panel.map.name, ...(view ? view.state() : null)});

  function state({values = false} = {}) {             // a copy; with {values: true} also each panel's current weights
    const point = ({x, y}) => ({x, y, cell: positionOf(reference, nearestCell(reference, {x, y}))});
    return {key: scene?.key ?? null, query: point(query), pins: pins.map(point), settings: {...settings}, hovered, lastDrawMs,
            reference: [reference.rows, reference.columns], parts: namesOfMaps(), snapshots: snapshots.chosen(),
            ...(depends?.state() ?? {dependence: [], measuring: false}), panels: parts.map(partState),
            maps: values ? looks.map(lookState) : undefined};
  }

  const viewer = Object.freeze({show, setBusy, setMessage, state});
  build();
  return viewer;
};
