// The viewer: a photo and one panel per attention map, all following one query. Plain ES2020, no dependencies.
//
//   const viewer = createViewer(root, {colourMaps, onExport});
//   viewer.show(scene); viewer.setBusy("Reading the photo"); viewer.setMessage("Too large", true); viewer.state();
//
// viewer.py puts the five files into one function: viewer_maps.js (numbers), viewer_words.js (texts), viewer_drawing.js
// (canvases), viewer_parts.js (pieces of the page), and this one, which holds the state and answers the user.
//
// Words: a point is {x, y}, fractions of the picture. A grid knows where its cells lie in the picture; a cell is an index
// in raster order. A look is one map seen from one point: the cell asked, the grid shown, one weight for each of its cells.

const MAX_PINS = 8;

function createViewer(root, {colourMaps, onExport}) {
  const palettes = Object.fromEntries(Object.entries(colourMaps).map(([name, text]) => [name, paletteOf(text)]));
  const settings = {opacity: 0.65, colours: Object.keys(palettes)[0], scale: "shared", view: "cells", direction: ATTENDS, segmentation: false};
  let scene = null, panels = [], reference = referenceGrid([]), query = {x: 0.5, y: 0.5}, pins = [];
  let photo = null, maps = [], looks = [], hovered = null, pressed = null, frame = 0, late = false, lastDrawMs = 0, fitted = "";
  let announceTimer = 0, announceText = "", complaint = "";

  // -- the page
  const busy = element("div", {class: "nlviz-busy", role: "status", hidden: true});
  const messageText = element("span"), message = div("message", messageText, button("Dismiss", "dismiss", () => setMessage("")));
  const segmentation = segmentationBox(change);
  const exports = onExport ? ["png", "pdf"].map(format => button(`Export ${format.toUpperCase()}`, `export-${format}`, () => exportAs(format),
    "The pinned queries, or the current one when none is pinned")) : [];
  const toolbar = div("toolbar", opacitySlider(settings.opacity, change), selectBox("Colours", "colours", Object.keys(palettes), change),
    selectBox("Scale", "scale", ["shared", "per panel"], change), selectBox("Draw", "view", ["cells", "smooth"], change),
    selectBox("Direction", "direction", [ATTENDS, ATTENDED], change), segmentation, div("exports", ...exports));
  const empty = div("empty", "Choose a photo and a network. Then point at any place in the picture to see what it attends to.");
  const area = div("panels");
  const bars = div("bars"), status = div("status"), foot = div("foot", bars, status);
  const spoken = element("div", {class: "nlviz-spoken", "aria-live": "polite"});
  const stripBars = div("bars"), stripGrid = div("strip-grid"), stripNote = div("strip-note");
  const clearButton = button("Clear pins", "clear-pins", () => setPins([]));
  const strip = div("strip", div("strip-head", div("heading", "Pinned queries"), stripNote, clearButton),
    div("strip-scroll", stripGrid), stripBars);
  const barsByKind = new Map(), stripBarsByKind = new Map();

  function build() {
    root.classList.add("nlviz");
    root.replaceChildren(message, toolbar, div("over", busy, empty, area, foot), strip, spoken);
    message.hidden = true;
    showStage(false);
    root.style.setProperty("--nlviz-opacity", settings.opacity);
    area.addEventListener("pointermove", onMove);
    area.addEventListener("pointerdown", onDown);
    area.addEventListener("pointerup", onUp);
    area.addEventListener("pointercancel", () => { pressed = null; });
    area.addEventListener("keydown", onKey);
    area.addEventListener("keyup", event => event.target.classList.toggle("nlviz-keyed", event.target === photo?.box));
    new ResizeObserver(fit).observe(root);
    new ResizeObserver(([{target}]) => {                // the line keeps the height it once needed: no jumping
      if (target.offsetHeight > parseFloat(target.style.minHeight || 0)) target.style.minHeight = `${target.offsetHeight}px`;
    }).observe(status);
    window.addEventListener("resize", function onResize() {
      if (area.isConnected) fit(); else window.removeEventListener("resize", onResize);
    });
  }

  function showStage(shown) {
    for (const part of [toolbar, area, foot, strip]) part.hidden = !shown;
    empty.hidden = shown;
  }

  // -- scene
  function show(next) {
    let decoded;
    try { decoded = next ? next.panels.map(decodePanel) : []; } catch (error) { complain(error.message, true); return; }
    withdraw();
    if (next?.picture.url !== scene?.picture.url) { query = {x: 0.5, y: 0.5}; pins = []; hovered = null; }
    scene = next; panels = decoded; labelsOf(panels).forEach((label, at) => { panels[at].label = label; }); reference = referenceGrid(panels);
    showStage(Boolean(scene));
    if (!scene) return;
    const focused = photo?.box === document.activeElement;
    photo = photoPanel(scene.picture);
    maps = panels.map(panel => mapPanel(scene.picture, panel));
    setText(photo.grid, `Query cells: ${gridText(reference)}`);
    root.style.setProperty("--nlviz-aspect", scene.picture.width / scene.picture.height);
    area.replaceChildren(photo.node, ...maps.map(map => map.node));
    if (focused) photo.box.focus({preventScroll: true});
    segmentation.hidden = !panels.some(hasSegmentation);
    fitted = "";
    drawStrip();
    fit();
  }

  const hasSegmentation = panel => panel.prediction?.kind === "segmentation";
  const palette = () => palettes[settings.colours];

  function fit() {                                    // lays the panels out anew when the width, height or pixel ratio changed
    const style = getComputedStyle(root), width = root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const wanted = [width, window.innerHeight, window.devicePixelRatio].join();
    if (!scene || width <= 0 || wanted === fitted) return;
    fitted = wanted;
    status.style.minHeight = "";
    const {gap, widest, columns} = layoutFor(width, maps.length + 1, scene.picture.width / scene.picture.height);
    for (const [name, value] of [["gap", `${gap}px`], ["widest", `${widest}px`], ["columns", columns]]) root.style.setProperty(`--nlviz-${name}`, value);
    for (const {box, heat, marks} of [photo, ...maps]) {
      const {width: w, height: h} = box.getBoundingClientRect();
      for (const canvas of [heat, marks]) if (canvas) fitCanvas(canvas, w, h);
    }
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
    looks = panels.map(panel => lookFrom(panel, settings.direction, query, panel.buffer));
    const shared = settings.scale === "shared" ? sharedScales(looks) : null;
    looks.forEach((look, at) => { drawMap(maps[at], look, shared); drawCaption(maps[at], look, shared); });
    drawPhoto();
    fillBars(bars, barsByKind, shared, palette(), (kind, {networks}) => barText(kind, plural(networks.size, "network"), networks.size > 1));
    const text = statusText(looks, hovered, reference, query);
    setText(status, text);
    announce(text);
    lastDrawMs = performance.now() - start;
  }

  const referenceBox = () => cellBox(reference, nearestCell(reference, query));
  const pinMarks = () => pins.map((pin, index) => ({...pin, index}));

  function drawPhoto() {
    drawMarks(photo.marks, {box: referenceBox(), pins: pinMarks()});
  }

  function drawMap({heat, marks}, look, shared) {
    const {panel, askedGrid, asked} = look, noCell = asked < 0 || hasNoQuery(look);
    if (settings.segmentation && hasSegmentation(panel)) drawLabels(heat, panel);
    else drawHeat(heat, look, scaleOf(look, shared), palette(), settings.view === "smooth");
    drawMarks(marks, {box: noCell ? referenceBox() : cellBox(askedGrid, asked), dashed: noCell, pins: pinMarks()});
  }

  function drawCaption({live, own}, look, shared) {
    const texts = liveTexts(look);
    while (live.children.length > texts.length) live.lastChild.remove();
    while (live.children.length < texts.length) live.append(span("measure"));
    texts.forEach((text, at) => {
      setText(live.children[at], text);
      live.children[at].classList.toggle("nlviz-wide", text.length > 28);
    });
    own.node.hidden = Boolean(shared) || !look.values;
    if (own.node.hidden) return;
    const scale = scaleOf(look, null);
    fillBar(own, scale, palette(), isFlat(scale) ? "own scale, flat" : "own scale");
  }

  function announce(text) {                           // screen readers hear at most two lines a second
    announceText = text;
    if (announceTimer) return;
    announceTimer = setTimeout(() => { announceTimer = 0; setText(spoken, announceText); }, 500);
  }

  // -- the pinned strip
  function drawStrip() {
    const looksOfPins = pins.map(pin => panels.map(panel => lookFrom(panel, settings.direction, pin, new Float32Array(panel.buffer.length))));
    const shared = settings.scale === "shared" ? sharedScales(looksOfPins.flat()) : null;
    setText(stripNote, pins.length ? `${settings.direction} · ${settings.scale === "shared" ? "one scale for the whole strip" : "each map on its own scale"}`
      : "Click any picture to pin a query; up to eight stay here, query by network.");
    clearButton.hidden = !pins.length;
    stripGrid.replaceChildren(...(pins.length ? stripHeadings() : []), ...looksOfPins.flatMap((row, index) => stripRow(row, index, shared)));
    stripGrid.style.setProperty("--nlviz-strip-columns", panels.length + 1);
    fillBars(stripBars, stripBarsByKind, shared, palette(), (kind, {networks}) =>
      barText(kind, `${plural(pins.length, "pinned query", "pinned queries")} and ${plural(networks.size, "network")}`, pins.length * networks.size > 1));
  }

  function stripHeadings() {
    return [div("strip-name"), ...["Photo", ...panels.map(panel => panel.label)].map(words => element("div", {class: "nlviz-strip-name", title: words}, words))];
  }

  function stripSize() {
    const aspect = scene.picture.width / scene.picture.height, width = Math.round(Math.min(140, 160 * aspect));
    return [width, width / aspect];
  }

  function stripRow(row, index, shared) {
    const pin = {...pins[index], index}, cell = cellText(reference, nearestCell(reference, pin));
    const remove = button("×", "remove-pin", () => { removePin(index); photo.box.focus({preventScroll: true}); }, `Remove pinned query ${index + 1}`);
    remove.dataset.pin = index + 1;
    remove.setAttribute("aria-label", remove.title);
    const first = pictureBox(scene.picture, null, {pin: index + 1, grey: false});
    fitCanvas(first.marks, ...stripSize());
    drawMarks(first.marks, {pins: [pin], radius: 6});
    return [div("strip-label", pinBadge(index), span("strip-cell", cell), remove), first.box, ...row.map(look => stripMap(look, pin, shared))];
  }

  function stripMap(look, pin, shared) {
    const {box, heat, marks} = pictureBox(scene.picture, look.panel, {pin: pin.index + 1});
    for (const canvas of [heat, marks]) fitCanvas(canvas, ...stripSize());
    drawHeat(heat, look, scaleOf(look, shared), palette(), settings.view === "smooth");
    const noCell = look.asked < 0 || hasNoQuery(look);
    drawMarks(marks, {box: noCell ? null : cellBox(look.askedGrid, look.asked), pins: []});
    box.title = `Query ${pin.index + 1}: ${strongestText(look, reference)}; ${liveTexts(look).join("; ")}`;
    return box;
  }

  // -- pins
  const pinAt = cell => pins.findIndex(pin => nearestCell(reference, pin) === cell);
  const removePin = index => setPins(pins.filter((_, at) => at !== index));

  function setPins(next) {
    pins = next;
    withdraw();
    drawStrip();
    draw();
  }

  function togglePin() {
    const cell = nearestCell(reference, query), index = pinAt(cell);
    if (index >= 0) { removePin(index); return; }
    if (pins.length >= MAX_PINS) { complain("Eight queries are pinned; remove one first"); return; }
    setPins([...pins, centreOf(reference, cell)]);
  }

  function removeHereOrLast() {
    const index = pinAt(nearestCell(reference, query));
    if (pins.length) removePin(index >= 0 ? index : pins.length - 1);
  }

  // -- pointer
  function pointOf(event) {                           // null beside the pictures
    const box = event.target.closest?.(".nlviz-picture");
    if (!box) return null;
    const {left, top, width, height} = box.getBoundingClientRect();
    hovered = event.target.dataset.panel || hovered;
    return inPicture((event.clientX - left) / width, (event.clientY - top) / height);
  }

  function onMove(event) {
    const point = pointOf(event);
    if (point) { query = point; requestDraw(); }
  }

  function onDown(event) {
    onMove(event);
    pressed = event.button === 0 && pointOf(event) ? {x: event.clientX, y: event.clientY} : null;
  }

  function onUp(event) {
    const still = pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < 5, point = pointOf(event);
    pressed = null;
    if (still && point) { query = point; photo.box.classList.remove("nlviz-keyed"); photo.box.focus({preventScroll: true}); togglePin(); }
  }

  // -- keyboard
  function moveTo(row, column) {
    const cell = clamp(row, 0, reference.rows - 1) * reference.columns + clamp(column, 0, reference.columns - 1);
    query = centreOf(reference, cell);
    requestDraw();
  }

  function onKey(event) {
    if (event.target !== photo?.box || event.ctrlKey || event.metaKey || event.altKey) return;
    const [row, column] = positionOf(reference, nearestCell(reference, query)), pin = pins[Number(event.key) - 1];
    const actions = {
      ArrowUp: () => moveTo(row - 1, column), ArrowDown: () => moveTo(row + 1, column),
      ArrowLeft: () => moveTo(row, column - 1), ArrowRight: () => moveTo(row, column + 1),
      Home: () => moveTo(row, 0), End: () => moveTo(row, reference.columns - 1),
      Enter: togglePin, " ": togglePin, Delete: removeHereOrLast, Backspace: removeHereOrLast,
    };
    const action = actions[event.key] || (pin && (() => { query = {...pin}; requestDraw(); }));
    if (action) { event.preventDefault(); action(); }
  }

  // -- settings, export, words
  function change(setting, value) {
    settings[setting] = value;
    if (setting === "opacity") { root.style.setProperty("--nlviz-opacity", value); return; }
    root.classList.toggle("nlviz-segmented", settings.segmentation);
    if (!scene) return;
    if (setting !== "segmentation") drawStrip();
    draw();
  }

  async function exportAs(format) {
    if (!scene) return;
    const queries = (pins.length ? pins : [query]).map(({x, y}) => [x, y]);
    exports.forEach(node => { node.disabled = true; });
    setBusy(`Drawing the ${format.toUpperCase()}`);
    try { save(await onExport({key: scene.key, format, queries, settings: {...settings}})); withdraw(); }
    catch (error) { complain(`Export failed: ${error?.message || error}`, true); }
    finally { setBusy(null); exports.forEach(node => { node.disabled = false; }); }
  }

  function complain(text, isError) {                  // the viewer's own message, withdrawn when its cause is gone
    complaint = text;
    setMessage(text, isError);
  }

  function withdraw() {
    if (complaint && messageText.textContent === complaint) setMessage("");
    complaint = "";
  }

  function setBusy(text) {
    setText(busy, text || "");
    busy.hidden = !text;
  }

  function setMessage(text, isError = false) {
    message.setAttribute("role", isError ? "alert" : "status");
    message.classList.toggle("nlviz-error", isError);
    message.hidden = !text;
    setText(messageText, text || "");
  }

  function mapState({panel, asked, strongest, lowest, highest, entropy, values}) {
    return {id: panel.id, asked, strongest, lowest, highest, entropy, values: values && Array.from(values)};
  }

  function state({values = false} = {}) {             // a copy; with {values: true} also each panel's current weights
    const point = ({x, y}) => ({x, y, cell: positionOf(reference, nearestCell(reference, {x, y}))});
    return {key: scene?.key ?? null, query: point(query), pins: pins.map(point), settings: {...settings}, hovered, lastDrawMs,
            reference: [reference.rows, reference.columns], maps: values ? looks.map(mapState) : undefined};
  }

  const viewer = Object.freeze({show, setBusy, setMessage, state});
  build();
  return viewer;
};
