// The viewer: a photo and one panel per attention map, all following one query. Plain ES2020, no dependencies.
// Gives: createViewer.
// Takes: geometry.js: nearestCell, positionOf, cellBox, referenceGrid; terms.js: TERMS, CENTRED; maps.js: callOf, decodePanel;
//   similarities.js: SIMILARITIES; looks.js: ATTENDS, ATTENDED, lookFrom; scales.js: TIMES, SHARED, OWN, RISING, EVEN, sharedScales;
//   palettes.js: createPalettes; words.js: gridText, plural, labelsOf, barText; drawing.js: drawMarks; parts.js: div, setText, fillBars,
//   photoPanel; layout.js: keepHeight, roomBelow, layoutFor; messages.js: createMessages; toolbar.js: createToolbar; status.js:
//   createStatus; exports.js: createExports; snapshots.js: createSnapshots, epochSlider; layers.js: createLayers; comparing.js: createComparing; tokens.js: POINTER, tokensIn;
//   stack_layout.js: BY_LAYER, nextHead; stack_shares.js: createShares; stacks.js: createStacks; besides.js: createBesides; panels.js:
//   mapPanel, showPanelIn, showMapOf, hasSegmentation, spanOf, fitPanel, drawPanel; strip.js: createStrip; distances.js:
//   createDistances; depends.js: createDepends; pins.js: createPins; pointing.js: createPointing; restoring.js: settingsIn, pointsIn;
//   changes.js: createChanges.
//
//   const viewer = createViewer(root, {colourMaps, diverging, onExport, onDepends, onSnapshot, onSimilarity, onLayer, onDependsLayer, onChange});
//   viewer.show(scene);                              // scene.start: the query of a new photo, else its middle
//   viewer.setBusy("Reading the photo"); viewer.setMessage("Too large", true);
//   viewer.state(); viewer.restore({query, queries, settings, parts, snapshots});
//
// onExport, onDepends, onSnapshot, onSimilarity and onLayer ask the server and may be absent: for a figure (see exports.js), for the
// numbers below the strip (see measuring.js), for a panel at another epoch (see snapshots.js), for features (see comparing.js), for
// a layer of layers x heads (see layers.js).
// onChange(state) is told, a quarter of a second later, that the user changed pins, settings, the map of a panel or an epoch;
// what restore() changes is not told.
// restore takes the query ([x, y]; without it the first pin), pins ([x, y] each), settings, {panel: map} and {network: epoch} as
// state() tells them, all optional; what is not there is ignored.

const NOT_HERE = "not in this file";                   // where nobody can be asked for a layer

function sayAbsent(panels) {
  for (const map of panels.flatMap(({maps}) => maps)) if (!map.form) map.absent = `this layer is ${NOT_HERE}`;
}

function createViewer(root, {colourMaps, diverging, onExport, onDepends, onSnapshot, onSimilarity, onLayer, onDependsLayer, onChange}) {
  const palettes = createPalettes(colourMaps, diverging), terms = TERMS.filter(term => diverging || term !== CENTRED);
  const options = {colours: palettes.names, scale: [TIMES, SHARED, OWN], view: ["cells", "smooth"], veil: [RISING, EVEN], backdrop: ["grey", "colour"],
                   direction: [ATTENDS, ATTENDED], term: [...terms, ...(diverging && onSimilarity ? SIMILARITIES : [])]};
  const settings = {opacity: 0.8, ...Object.fromEntries(Object.entries(options).map(([name, [usual]]) => [name, usual])), segmentation: false, token: POINTER};
  const choices = new Map();                          // what was chosen in a panel, by its id: it outlives the scene
  let scene = null, panels = [], reference = referenceGrid([]), query = {x: 0.5, y: 0.5};
  let photo = null, parts = [], looks = [], hovered = null, frame = 0, late = false, lastDrawMs = 0, fitted = "";

  // -- the page
  const {busy, message, setBusy, setMessage, complain, withdraw} = createMessages();
  const changes = createChanges(onChange, () => state());
  const pins = createPins({now: () => ({reference, query}), ask, onChange: pinsChanged, complain});
  const exports = onExport ? createExports({now: shownNow, onExport, setBusy, complain, withdraw}) : null;
  const toolbar = createToolbar({settings, options, onChange: change, exports: exports?.node});
  const empty = div("empty", "Choose a photo and a network. Then point at any place in the picture to see what it attends to.");
  const area = div("panels"), large = div("large");
  const bars = div("bars"), status = createStatus(), reading = div("reading", bars, status.node), forgetHeight = keepHeight(bars);
  const strip = createStrip({onClear: pins.clear, onRemove: index => { pins.remove(index); photo.box.focus({preventScroll: true}); }});
  const distances = createDistances(), besides = createBesides();
  const shares = createShares({onDependsLayer, now: () => ({scene, panels, chosen: snapshots.chosen}), onChange: sharesChanged,
                               isWanted: panel => stacks.wantsShares(panel) || Boolean(depends?.isLookedAt())});
  const depends = onDepends ? createDepends({onDepends, onPin: pins.addAt, shares, onChoose: chooseFor}) : null;
  const stacks = createStacks({area, below: large, shares, now: () => ({picture: scene.picture, aspect: scene.picture.width / scene.picture.height, query}), onChoose: chooseMap,
                               onBeside: addBeside, onFit: refit, waiting: (panel, number) => layers.whyNot(scene, panel, number) || (onLayer ? "on its way" : NOT_HERE)});
  const snapshots = createSnapshots({onSnapshot, now: () => ({scene, panels}), onShow: swapPanels, onChange: drawSliders,
                                     onFail: text => complain(text, true)});
  const comparing = onSimilarity ? createComparing({onSimilarity, onArrive: () => { drawPinned(); draw(); }, now: () =>
    ({scene, panels, term: settings.term, chosen: snapshots.chosen(), isWaiting: snapshots.isWaiting})}) : null;
  const layers = createLayers({onLayer, now: () => ({scene, panels, chosen: snapshots.chosen()}), onArrive: layerArrived, onFail: (panel, number, words) =>
    complain(`${panel.label}, layer ${number}: ${words}`, true)});
  const pointing = createPointing({now: () => ({photo, reference, query, pins: pins.all()}), ask, togglePin: pins.toggle, removeHereOrLast: pins.removeHereOrLast});
  const barsByKind = new Map();

  function build() {
    root.classList.add("nlviz");
    const below = [div("pinned", strip.node, distances.node), ...(depends ? [depends.node] : [])];
    root.replaceChildren(message, toolbar.node, reading, div("over", busy, empty, area, large), ...below, status.spoken);
    showStage(false);
    showSettings();
    pointing.listen(area);
    if (depends) pointing.listen(depends.enlarged);
    new ResizeObserver(fit).observe(root);
    whileHere(window, "resize", fit);
    whileHere(document, "keydown", event => { if (event.key === "Escape" && !event.target.closest?.("dialog, input")) leave(); });
  }

  function whileHere(target, name, listener) {        // a listener outside, which goes with the viewer
    target.addEventListener(name, function listen(event) {
      if (area.isConnected) listener(event); else target.removeEventListener(name, listen);
    });
  }

  function showStage(shown) {
    for (const part of [toolbar.node, area, large, reading, strip.node, depends?.node]) if (part) part.hidden = !shown;
    distances.node.hidden = true;                     // until two queries are pinned
    empty.hidden = shown;
  }

  // -- scene
  function show(next) {
    let decoded;
    try { decoded = next ? next.panels.map(decodePanel) : []; } catch (error) { complain(error.message, true); return; }
    withdraw();
    if (next?.picture.url !== scene?.picture.url) { query = pointsIn([next?.start])[0] ?? {x: 0.5, y: 0.5}; pins.put([]); hovered = null; }
    scene = next; panels = scene ? besides.among(snapshots.enter(scene, decoded)) : []; reference = referenceGrid(panels);
    if (!onLayer) sayAbsent(panels);
    namePanels();
    layers.enter(scene, panels);
    showStage(Boolean(scene));
    if (!scene) { showDependence(); return; }
    arrange();
    toolbar.offerSegmentation(panels.some(hasSegmentation));
    offerTokens();
    drawSliders();
    drawPinned();
    fit();
  }

  function arrange() {                                // the panels in their places
    const focused = photo?.box === document.activeElement;
    photo = photoPanel(scene.picture, choiceOf({id: "photo"}));
    parts = panels.map((panel, at) => mapPanel(scene.picture, panel,
      {choice: choiceOf(panel), slider: sliderOf(panel), onMap: name => chooseMap(parts[at], name), onRemove: () => removeBeside(panel)}));
    setText(photo.grid, `Query cells: ${gridText(reference)}`);
    root.style.setProperty("--nlviz-aspect", scene.picture.width / scene.picture.height);
    area.replaceChildren(photo.node, ...parts.map(part => part.node));
    stacks.enter(parts);
    if (focused) photo.box.focus({preventScroll: true});
    fitted = "";
  }

  function namePanels() {                             // how each is called, and the map of it that is shown
    labelsOf(panels).forEach((label, at) => Object.assign(panels[at], {label, map: chosenMap(panels[at])}));
  }

  const paletteFor = scale => palettes.paletteFor(scale, settings);

  // -- what is chosen in a panel
  function choiceOf({id}) {
    if (!choices.has(id)) choices.set(id, {map: null, order: null, kept: null, unfolded: false, sort: BY_LAYER, large: false});
    return choices.get(id);
  }

  const chosenMap = panel => panel.maps.find(map => map.name === choiceOf(panel).map) || panel.maps[0];
  const namesOfMaps = () => Object.fromEntries(panels.filter(panel => panel.maps.length > 1).map(panel => [panel.id, panel.map.name]));

  function layerArrived(panel, number) {              // what is shown of it is drawn now
    stacks.arrived(panel);
    const shown = parts.filter(part => part.panel.maps === panel.maps && part.panel.map.layer === number);
    if (!shown.length) return;
    shown.forEach(showMapOf);
    drawPinned();
    draw();
  }

  function chooseMap(part, name) {
    showMap(part, name);
    showDependence();
    drawPinned();
    draw();
    changes.note();
  }

  function showMap(part, name) {
    choiceOf(part.panel).map = name;
    part.panel.map = chosenMap(part.panel);
    const before = spanOf(part);
    showMapOf(part);
    if (spanOf(part) === before) fitPanel(part); else { fitted = ""; fit(); }
  }

  // -- layers x heads
  function chooseFor(panel, name) {                   // in the panel of that network which was looked at last, else its first
    const own = parts.filter(part => part.panel.maps === panel.maps);
    chooseMap(own.find(part => part.panel.id === hovered) || own[0], name);
  }

  function addBeside(panel) {
    const id = besides.add(panel);
    if (!id) { complain("Five panels of one network are shown; remove one first"); return; }
    const here = choiceOf(panel), map = panel.map;
    choices.set(id, {...here, map: nextHead(panel, map).name, large: false});
    changeBesides(`.nlviz-stack[data-panel="${CSS.escape(id)}"] .nlviz-stack-stage`);
  }

  function removeBeside(panel) {
    besides.remove(panel);
    changeBesides(`.nlviz-stack[data-panel="${CSS.escape(callOf(panel))}"] [data-action=beside]`);
  }

  function changeBesides(focus) {
    withdraw();
    panels = besides.among(panels, panels);
    namePanels();
    arrange();
    drawSliders();
    drawPinned();
    fit();
    root.querySelector(focus)?.focus({preventScroll: true});
    changes.note();
  }

  function sharesChanged() {
    stacks.measured();
    depends?.updateShares();
  }

  function offerTokens() {
    const names = tokensIn(panels), {token} = settings;
    toolbar.offerTokens(token === POINTER || names.includes(token) ? names : [...names, token]);
    toolbar.draw();
  }

  function leave() {                                  // Escape: a token gives way to the pointer, an enlarged matrix to the panels
    if (settings.token !== POINTER) change("token", POINTER); else stacks.shrink();
  }

  // -- snapshots of training
  function sliderOf(panel) {
    return onSnapshot && panel.snapshots ? epochSlider(panel, at => { withdraw(); changes.expect(); snapshots.choose(panel, at); }) : null;
  }

  function swapPanels(next) {                         // another epoch of a network, in the places of the one before
    const byId = new Map(next.map(panel => [panel.id, panel]));
    panels = panels.map(panel => byId.get(panel.id) || panel);
    namePanels();
    parts.filter(part => byId.has(part.panel.id)).forEach(part => { showPanelIn(part, byId.get(part.panel.id)); fitPanel(part); });
    drawPinned();
    draw();
    changes.arrived();
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
    const aspect = scene.picture.width / scene.picture.height, spans = [1, ...parts.flatMap(part => stacks.isAside(part) ? [spanOf(part), 2] : [spanOf(part)])];
    const {gap, widest, columns} = layoutFor({width, room: roomBelow(area), spans, aspect, under: stacks.under()});
    for (const [name, value] of [["gap", `${gap}px`], ["widest", `${widest}px`], ["columns", columns]]) root.style.setProperty(`--nlviz-${name}`, value);
    [photo, ...parts].forEach(fitPanel);
    stacks.fit();
    depends?.fit();
    draw();
  }

  function refit() { fitted = ""; fit(); }

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
    const shared = sharedScales(looks, settings.scale);
    const view = {settings, paletteFor, pins: pins.marks(), referenceBox: cellBox(reference, nearestCell(reference, query))};
    looks.forEach((look, at) => drawPanel(parts[at], look, shared, view));
    drawMarks(photo.marks, {box: view.referenceBox, pins: view.pins});
    stacks.draw({settings, shared, paletteFor});
    depends?.mark({query, pins: view.pins});
    fillBars(bars, barsByKind, shared, paletteFor, (kind, scale) =>
      barText(kind, scale, plural(scale.networks.size, "network"), scale.networks.size > 1, settings.term));
    status.draw({looks, hovered, reference, settings, query});
    lastDrawMs = performance.now() - start;
  }

  function drawPinned() {                             // all below the panels
    comparing?.follow();
    const rows = pins.all().map(pin => panels.map(panel => lookFrom(panel, settings, pin)));
    strip.draw({picture: scene.picture, panels, pins: pins.all(), looks: rows, reference, settings, paletteFor});
    distances.draw(rows);
    depends?.draw({settings, paletteFor});
    exports?.draw();
  }

  // -- queries and pins
  function pinsChanged() {
    withdraw();
    drawPinned();
    draw();
    changes.note();
  }

  function ask(point, panel) {
    query = point; hovered = panel || hovered;
    requestDraw();
  }

  // -- settings
  function change(setting, value) {
    settings[setting] = value;
    if (setting === "token") offerTokens();
    changes.note();
    showSettings();
    if (!scene || setting === "opacity" || setting === "backdrop") return;
    if (setting !== "segmentation") drawPinned();
    draw();
  }

  function showSettings() {                           // those that are the style sheet's
    root.style.setProperty("--nlviz-opacity", settings.opacity);
    root.classList.toggle("nlviz-segmented", settings.segmentation);
    root.classList.toggle("nlviz-coloured", settings.backdrop === "colour");
  }

  // -- what is shown, and showing it again
  function shownNow() {
    const request = scene && {key: scene.key, settings: {...settings}, parts: namesOfMaps(), snapshots: snapshots.chosen()};
    return {request, query, pins: pins.all(), indexHere: pins.indexHere(), hasStack: panels.some(panel => panel.stack)};
  }

  function restore(view) {
    changes.forget();
    Object.assign(settings, settingsIn(view?.settings, options));
    offerTokens();
    showSettings();
    if (!scene) return;
    if (view?.parts) restoreBesides(view.parts);
    for (const part of parts) {
      const name = view?.parts?.[part.panel.id];
      if (name !== part.panel.map.name && part.panel.maps.some(map => map.name === name)) showMap(part, name);
    }
    const points = pointsIn(view?.queries);
    if (points) pins.put(points);
    const [asked] = pointsIn([view?.query]);
    if (asked || points?.length) query = asked || pins.all()[0];
    if (view?.snapshots) snapshots.restore(view.snapshots);
    showDependence();
    drawPinned();
    draw();
  }

  function restoreBesides(wanted) {
    besides.restore(wanted);
    const next = besides.among(panels, panels);
    if (String(next.map(({id}) => id)) === String(panels.map(({id}) => id))) return;
    panels = next;
    namePanels();
    arrange();
    drawSliders();
    fit();
  }

  function lookState({panel, map, asked, strongest, lowest, highest, entropy, values, reason}) {
    return {id: panel.id, map: map.name, asked, strongest, lowest, highest, entropy, reason, values: values && Array.from(values)};
  }

  const partState = ({panel, view}) => ({id: panel.id, map: panel.map.name, ...(panel.stack ? {layers: panel.layers.size} : null), ...(view ? view.state() : null)});

  function state({values = false} = {}) {             // a copy; with {values: true} also each panel's current weights
    const point = ({x, y}) => ({x, y, cell: positionOf(reference, nearestCell(reference, {x, y}))});
    return {key: scene?.key ?? null, query: point(query), pins: pins.all().map(point), settings: {...settings}, hovered, lastDrawMs,
            reference: [reference.rows, reference.columns], parts: namesOfMaps(), snapshots: snapshots.chosen(),
            ...(depends?.state() ?? {dependence: [], measuring: false}), thumbnails: stacks.isDrawn(), panels: parts.map(partState),
            maps: values ? looks.map(lookState) : undefined};
  }

  const viewer = Object.freeze({show, setBusy, setMessage, state, restore});
  build();
  return viewer;
}
