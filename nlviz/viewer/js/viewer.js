// The viewer: a photo and one panel per attention map, all following one query. Plain ES2020, no dependencies.
// Gives: createViewer.
// Takes: geometry.js: nearestCell, cellBox, referenceGrid; maps.js: decodePanel; looks.js: lookFrom; scales.js: sharedScales;
//   palettes.js: createPalettes; words.js: gridText, plural, barText; drawing.js: drawMarks; film.js: aspectOf; parts.js: div, setText, fillBars,
//   photoPanel; stage.js: createStage; messages.js: createMessages; tokens.js: POINTER, tokensIn; settings.js: optionsOf, usualOf, showSettings; toolbar.js:
//   createToolbar; status.js: createStatus; exports.js: createExports; snapshots.js: createSnapshots, epochSlider; layers.js: NOT_HERE,
//   createLayers, sayAbsent; comparing.js: createComparing; by_layer.js: createByLayer; stacks.js: createStacks; choices.js: createChoices;
//   adding.js: createAdding; following.js: followedFrom; filmstrip.js: withFilm; panels.js: mapPanel, showPanelIn, showMapOf, hasSegmentation, spanOf, fitPanel, drawPanel; fitting.js:
//   createFitting; frames.js: createFrames; strip.js: createStrip; distances.js: createDistances; depends.js: createDepends; what_if.js: createWhatIf; pins.js:
//   createPins; playing.js: createPlaying; pointing.js: createPointing; restoring.js: settingsIn, pointsIn; telling.js: toldSettings, tellOf, lookState; changes.js: createChanges.
//
//   const viewer = createViewer(root, {colourMaps, diverging, onExport, onDepends, onSnapshot, onSimilarity, onLayer, onDependsLayer, onEffect,
//     onWhatIf, onEffectsLayer, onChange});
//   viewer.show(scene);                              // scene.start: the query of a new picture, else its middle
//   viewer.setBusy("Reading the photo"); viewer.setMessage("Too large", true);
//   viewer.state(); viewer.restore({query, queries, settings, parts, snapshots});
//
// onExport, onDepends, onSnapshot, onSimilarity and onLayer ask the server and may be absent: for a figure (see exports.js), for the
// numbers below the strip (see measuring.js), for a panel at another epoch (see snapshots.js), for features (see comparing.js), for
// a layer of layers x heads (see layers.js), for numbers of its heads (onDependsLayer and onEffectsLayer, see by_layer.js), for what
// the network says with maps replaced (onEffect and onWhatIf, see effects.js).
// onChange(state) is told, a quarter of a second later, that the user changed pins, settings, the map of a panel or an epoch;
// what restore() changes is not told.
// restore takes the query ([x, y], of a clip [x, y, frame]; without it the first pin), pins (such a place each), settings, {panel: map} and {network: epoch} as
// state() tells them, all optional; what is not there is ignored.

const framesIn = scene => scene?.picture.clip?.count ?? 1;
const middleOf = scene => ({x: 0.5, y: 0.5, frame: Math.floor(framesIn(scene) / 2)});

function createViewer(root, {colourMaps, diverging, onExport, onDepends, onSnapshot, onSimilarity, onLayer, onDependsLayer, onEffect, onWhatIf, onEffectsLayer, onChange}) {
  const palettes = createPalettes(colourMaps, diverging), options = optionsOf({palettes, diverging, onSimilarity}), settings = usualOf(options);
  const choices = createChoices(), barsByKind = new Map(), paletteFor = scale => palettes.paletteFor(scale, settings);
  let scene = null, panels = [], reference = referenceGrid([]), query = middleOf(null);
  let photo = null, parts = [], looks = [], hovered = null, lastDrawMs = 0;

  // -- the page
  const {busy, message, setBusy, setMessage, complain, withdraw} = createMessages();
  const changes = createChanges(onChange, () => state());
  const pins = createPins({now: () => ({reference, query}), ask, onChange: pinsChanged, complain});
  const whatIf = createWhatIf({onEffect, onWhatIf, onChange: () => draw(), now:
    () => ({scene, panels, parts, chosen: snapshots.chosen(), isWaiting: snapshots.isWaiting, isBusy: !layers.isDone()})});
  const exports = onExport ? createExports({now: shownNow, onExport, setBusy, complain, withdraw}) : null;
  const toolbar = createToolbar({settings, options, onChange: change, whatIf: whatIf.node, exports: exports?.node});
  const area = div("panels"), large = div("large");
  const bars = div("bars"), status = createStatus(), reading = div("reading", bars, status.node);
  const strip = createStrip({onClear: pins.clear, onRemove: index => { pins.remove(index); photo.box.focus({preventScroll: true}); }});
  const distances = createDistances(), adding = createAdding({choices, show: changeBesides, complain});
  const shares = createByLayer({ask: onDependsLayer, now: () => ({scene, panels, chosen: snapshots.chosen}), onChange: sharesChanged,
                                isWanted: panel => stacks.wantsShares(panel) || Boolean(depends?.isLookedAt())});
  const effects = createByLayer({ask: onEffectsLayer, now: () => ({scene, panels, chosen: snapshots.chosen}), onChange: () => depends?.updateShares(),
                                 isWanted: panel => panel.runs !== false && Boolean(depends?.isLookedAt()) && !shares.isMeasuring()});
  const depends = onDepends ? createDepends({onDepends, onPin: pins.addAt, shares, effects, onChoose: chooseFor}) : null;
  const stacks = createStacks({area, below: large, shares, now: () => ({picture: scene.picture, aspect: aspectOf(scene.picture), query}), onChoose: chooseMap,
                               onBeside: adding.add, onFit: () => fitting.again(), waiting: (panel, number) => layers.whyNot(scene, panel, number) || (onLayer ? "on its way" : NOT_HERE)});
  const snapshots = createSnapshots({onSnapshot, now: () => ({scene, panels}), onShow: swapPanels, onChange: drawSliders,
                                     onFail: text => complain(text, true)});
  const comparing = onSimilarity ? createComparing({onSimilarity, onArrive: () => { drawPinned(); draw(); }, now: () =>
    ({scene, panels, term: settings.term, chosen: snapshots.chosen(), isWaiting: snapshots.isWaiting})}) : null;
  const layers = createLayers({onLayer, now: () => ({scene, panels, chosen: snapshots.chosen()}), onArrive: layerArrived, onFail: (panel, number, words) =>
    { complain(`${panel.label}, layer ${number}: ${words}`, true); whatIf.follow(); }});
  const playing = createPlaying({now: () => ({clip: scene?.picture.clip, query}), ask});
  const pointing = createPointing({now: () => ({photo, reference, query, pins: pins.all(), isClip: Boolean(scene?.picture.clip)}), ask, togglePin: pins.toggle,
                                   removeHereOrLast: pins.removeHereOrLast, playing});
  const fitting = createFitting({root, area, bars, now: () => ({scene, photo, parts, stacks, caption: whatIf.height()}), onFit: () => { depends?.fit(); draw(); }}), frames = createFrames(draw);

  const stage = createStage(root, {message, busy, toolbar: toolbar.node, reading, area, large, strip: strip.node, distances: distances.node,
                                   depends: depends?.node, spoken: status.spoken});

  function listen() {
    showSettings(root, settings);
    root.classList.toggle("nlviz-replacing", whatIf.isOffered);
    pointing.listen(area);
    if (depends) pointing.listen(depends.enlarged);
    new ResizeObserver(fitting.fit).observe(root);
    stage.whileHere(window, "resize", fitting.fit);
    stage.whileHere(document, "keydown", event => { if (event.key === "Escape" && !event.target.closest?.("dialog, input")) leave(); });
  }

  // -- scene
  function show(next) {
    let decoded;
    try { decoded = next ? next.panels.map(panel => decodePanel(panel, next.picture.clip?.count)) : []; } catch (error) { complain(error.message, true); return; }
    withdraw();
    if (next?.picture.url !== scene?.picture.url) { query = pointsIn([next?.start], framesIn(next))[0] ?? middleOf(next); pins.put([]); hovered = null; playing.stop(); }
    scene = next; panels = scene ? adding.among(snapshots.enter(scene, decoded)) : []; reference = referenceGrid(panels, scene?.picture.clip?.count);
    if (!onLayer) sayAbsent(panels);
    choices.name(panels);
    layers.enter(scene, panels);
    stage.show(Boolean(scene));
    if (!scene) { stacks.leave(); showDependence(); return; }
    arrange(panels);
    toolbar.offerSegmentation(panels.some(hasSegmentation));
    toolbar.offerFilm(Boolean(scene.picture.clip));
    offerTokens();
    drawPinned();
    fitting.fit();
  }

  function arrange(next) {                            // the panels in their places
    panels = next;
    choices.name(panels);
    const focused = photo?.box === document.activeElement;
    photo = withFilm(photoPanel(scene.picture, choices.of({id: "photo"})), playing);
    parts = panels.map((panel, at) => mapPanel(scene.picture, panel,
      {choice: choices.of(panel), slider: sliderOf(panel), onMap: name => chooseMap(parts[at], name), onRemove: () => adding.remove(panel)}));
    setText(photo.grid, `Query cells: ${gridText(reference)}`);
    root.style.setProperty("--nlviz-aspect", aspectOf(scene.picture));
    root.classList.toggle("nlviz-of-clip", Boolean(scene.picture.clip));
    area.replaceChildren(photo.node, ...parts.map(part => part.node));
    stacks.enter(parts);
    if (focused) photo.box.focus({preventScroll: true});
    fitting.forget();
    drawSliders();
  }

  // -- the map of a panel
  function layerArrived(panel, number) {              // what is shown of it is drawn now
    stacks.arrived(panel);
    whatIf.follow();
    const shown = parts.filter(part => part.panel.maps === panel.maps && part.panel.map.layer === number);
    if (!shown.length) return;
    shown.forEach(showAgain);
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
    choices.choose(part.panel, name);
    showAgain(part);
  }

  function showAgain(part) {
    const before = spanOf(part);
    showMapOf(part);
    if (spanOf(part) === before) fitPanel(part); else fitting.again();
  }

  // -- layers x heads
  function chooseFor(panel, name) {                   // in the panel of that network which was looked at last, else its first
    const own = parts.filter(part => part.panel.maps === panel.maps);
    chooseMap(own.find(part => part.panel.id === hovered) || own[0], name);
  }

  function changeBesides(focus) {
    withdraw();
    arrange(adding.among(panels, panels));
    drawPinned();
    fitting.fit();
    root.querySelector(focus)?.focus({preventScroll: true});
    changes.note();
  }

  function sharesChanged() {
    stacks.measured();
    depends?.updateShares();
    if (!shares.isMeasuring()) effects.follow();
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
    choices.name(panels);
    layers.enter(scene, panels);
    parts.filter(part => byId.has(part.panel.id)).forEach(part => { showPanelIn(part, byId.get(part.panel.id)); fitPanel(part); });
    drawPinned();
    draw();
    changes.arrived();
  }

  function drawSliders() {
    parts.forEach(({slider, panel}) => slider?.draw(snapshots.wantedOf(panel), snapshots.isWaiting(panel)));
    whatIf.follow();
    showDependence();
  }

  const showDependence = () => depends?.show({scene, panels, chosen: snapshots.chosen(), isWaiting: snapshots.isWaiting});

  // -- drawing all panels
  function draw() {
    frames.done();
    if (!scene || !fitting.isDone()) return;
    const start = performance.now();
    looks = panels.map(panel => lookFrom(panel, settings, query, panel.map.buffer));
    const shared = sharedScales(looks, settings.scale);
    const view = {settings, paletteFor, pins: pins.marks(), referenceBox: cellBox(reference, nearestCell(reference, query)), ownPass: whatIf.chosen() && "maps of its own pass · "};
    looks.forEach((look, at) => drawPanel(parts[at], look, shared, view));
    drawMarks(photo.marks, {box: view.referenceBox, pins: view.pins});
    photo.draw?.(query);
    stacks.draw({settings, shared, paletteFor});
    depends?.mark({query, pins: view.pins});
    fillBars(bars, barsByKind, shared, paletteFor, (kind, scale) =>
      view.ownPass + barText(kind, scale, plural(scale.networks.size, "network"), scale.networks.size > 1, settings.term));
    status.draw({looks, hovered, reference, settings, query});
    lastDrawMs = performance.now() - start;
  }

  function drawPinned() {                             // all below the panels
    comparing?.follow();
    const rows = pins.all().map(pin => panels.map(panel => lookFrom(panel, settings, pin)));
    if (scene.picture.clip) parts.forEach((part, at) => { part.followed = rows.map((row, index) => ({points: followedFrom(row[at], pins.all()[index], framesIn(scene)), index})); });
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
    frames.request();
  }

  // -- settings
  function change(setting, value) {
    settings[setting] = value;
    if (setting === "token") offerTokens();
    changes.note();
    showSettings(root, settings);
    if (!scene || setting === "opacity" || setting === "backdrop") return;
    if (setting !== "segmentation") drawPinned();
    draw();
  }

  // -- what is shown, and showing it again
  function shownNow() {
    const request = scene && {key: scene.key, settings: toldSettings(settings, Boolean(scene.picture.clip)), parts: choices.mapNames(panels), snapshots: snapshots.chosen()};
    return {request, query, isClip: Boolean(scene?.picture.clip), pins: pins.all(), indexHere: pins.indexHere(), hasStack: panels.some(panel => panel.stack), isWhatIf: Boolean(whatIf.chosen())};
  }

  function restore(view) {
    changes.forget();
    Object.assign(settings, settingsIn(view?.settings, options));
    offerTokens();
    showSettings(root, settings);
    if (!scene) return;
    const wanted = view?.parts && adding.restore(view.parts, panels);
    if (wanted) { arrange(wanted); fitting.fit(); }
    for (const part of parts) {
      const name = view?.parts?.[part.panel.id];
      if (name !== part.panel.map.name && part.panel.maps.some(map => map.name === name)) showMap(part, name);
    }
    const points = pointsIn(view?.queries, framesIn(scene));
    if (points) pins.put(points);
    const [asked] = pointsIn([view?.query], framesIn(scene));
    if (asked || points?.length) query = asked || pins.all()[0];
    if (view?.snapshots) snapshots.restore(view.snapshots);
    showDependence();
    drawPinned();
    draw();
  }

  function state({values = false} = {}) {             // a copy; with {values: true} also each panel's current weights
    return {...tellOf({scene, query, pins: pins.all(), settings, hovered, reference, parts}), lastDrawMs,
            parts: choices.mapNames(panels), snapshots: snapshots.chosen(), ...(depends?.state() ?? {dependence: [], measuring: false}),
            whatIf: whatIf.chosen(), asksEffects: whatIf.isAsking(), thumbnails: stacks.isDrawn(), maps: values ? looks.map(lookState) : undefined};
  }

  const viewer = Object.freeze({show, setBusy, setMessage, state, restore});
  listen();
  return viewer;
}
