// Stacks: the thumbnails of all layers x heads on the page follow the query, as many at once as a frame has time for.
// Gives: createStacks.
// Takes: looks.js: lookFrom; scales.js: scaleOf; sheet.js: boxesOn; drawing.js: drawThumb; film.js: sheetFor, drawFrames; parts.js: element; stack_layout.js: sizeOfStack;
//   stack_view.js: stackView.

const BUDGET_MS = 8;                                  // of a frame, for thumbnails; the rest of them come with the next ones
const STACK_FIXED = 84, PHONE = 640, FEW = 2, OF_CLIP = 1.5;          // pixels of a matrix besides its thumbnails; of a narrow page; panels that leave room beside

// now() is {picture, aspect, query}; area holds the panels, below what is enlarged; onFit() lays the page out anew; the rest as stackView takes it
function createStacks({now, area, below, onFit, onChoose, onBeside, shares, waiting}) {
  const scratches = new Map(), photos = new Map();
  let views = [], items = [], latest = null, at = 0, left = 0, running = 0, image = null;

  // -- the views
  function enter(parts) {                             // of the panels now shown
    for (const view of views) view.node.remove();
    const {picture} = now();
    if (image?.src !== picture.url) { image = element("img", {src: picture.url, alt: "", onload: () => { photos.clear(); redrawBacks(); }}); photos.clear(); }
    views = parts.filter(({panel}) => panel.stack && panel.maps.length > 1).map(part => {
      const {panel, choice} = part;
      const view = stackView(part, {photo, waiting, shareOf: map => shares.numberOf(panel, map), progress: () => shares.progressText(panel),
        on: {choose: name => onChoose(part, name), change: () => { shares.follow(); fit(); redraw(); }, enlarge: () => enlarge(part, !choice.large),
             beside: onBeside && (() => onBeside(panel))}});
      part.stack = view;
      return view;
    });
    home();
  }

  function leave() {                                  // nothing is shown any more: no frame that was asked for comes
    cancelAnimationFrame(running);
    for (const view of views) view.node.remove();
    [views, items, latest, left, running] = [[], [], null, 0, 0];
  }

  // Below its panel; where there is room, or a panel is too narrow, in the grid beside it; enlarged below all panels.
  function whereOf({isLarge}) {
    return isLarge() ? "large" : area.clientWidth < PHONE || area.querySelectorAll(":scope > .nlviz-panel").length <= FEW ? "aside" : "under";
  }

  function home() {
    for (const view of views) {
      const {part, node} = view, where = node.dataset.where = whereOf(view);
      if (where === "aside") part.node.after(node); else (where === "large" ? below : part.node).append(node);
    }
  }

  const isAside = part => views.some(view => view.part === part && whereOf(view) === "aside");

  function enlarge({choice, stack}, large) {
    const focused = stack.node.contains(document.activeElement) && document.activeElement;
    for (const {part} of views) part.choice.large = false;
    choice.large = large;
    home();
    onFit();
    if (focused) focused.focus({preventScroll: true});                     // what is moved loses it
    if (large) area.scrollIntoView({block: "start"});
  }

  function shrink() {                                 // true where there was something to shrink
    const one = views.find(({isLarge}) => isLarge());
    if (one) enlarge(one.part, false);
    return Boolean(one);
  }

  // How much height thumbnails take below a panel: so many pixels, and a share of the height of its picture.
  function under() {                                  // beside it, they may be higher than it is
    const share = {under: size => size, aside: size => Math.max(0, 2 * size - 1), large: () => 0};
    const needed = views.map(view => { const {columns, rows} = sizeOfStack(view.part.panel), where = whereOf(view); return {where, share: share[where](rows / columns)}; });
    return {fixed: needed.some(({where}) => where === "under") ? STACK_FIXED : 0, share: Math.max(0, ...needed.map(one => one.share)),
            below: views.some(({isLarge}) => isLarge())};
  }

  function fit() {
    const {aspect, picture} = now(), larger = picture.clip ? OF_CLIP : 1;
    home();
    for (const view of views) view.place(view.node.clientWidth, aspect, whereOf(view), larger);
    items = views.flatMap(view => view.boxes().map(box => ({view, box})));
    at = 0;
  }

  // -- drawing
  function photo(width, height) {                     // in the size of a thumbnail; null until the picture is here
    const name = `${width} ${height}`;
    if (!image?.complete || !image.naturalWidth) return null;
    if (!photos.has(name)) photos.set(name, shrunk(image, width, height, now().picture));
    return photos.get(name);
  }

  function redrawBacks() {
    for (const view of views) view.drawBacks();
    redraw();
  }

  function redraw() { if (latest) draw(latest); }

  function draw(next) {                               // next: {settings, shared, paletteFor}; a newer query begins anew, where the last one got to
    latest = next; left = items.length;
    for (const view of views) view.follow();
    if (!running) run();
  }

  function run() {
    const end = performance.now() + BUDGET_MS, {query} = now();
    while (left && performance.now() < end) {
      at %= items.length;
      drawOne(items[at++], query);
      left--;
    }
    if (left) running = requestAnimationFrame(() => { running = 0; run(); });
  }

  function drawOne({view, box}, query) {
    const {settings, shared, paletteFor} = latest, {map} = box, context = view.contextOf(), place = view.onCanvas(box);
    context.clearRect(place.x, place.y, place.width, place.height);
    if (!map.form) return;
    const look = lookFrom(view.part.panel, settings, query, map.buffer, map);
    if (!look.values) return;
    const scale = scaleOf(look, shared) || scaleOf(look, null);
    drawThumb(context, look, scale, paletteFor(scale), place, scratches, sheetFor(now().picture));
  }

  function arrived(panel) {                           // a layer of that network
    for (const view of views) {
      if (view.part.panel.maps !== panel.maps) continue;
      if (view.bySort()) fit(); else { view.drawBacks(); view.drawFrames(); }
    }
    redraw();
  }

  function measured() {                               // shares that are new
    if (views.some(view => view.byShare())) { fit(); redraw(); } else for (const view of views) view.drawFrames();
  }

  return {enter, leave, fit, draw, under, isAside, arrived, measured, shrink, wantsShares: panel => views.some(({part, byShare}) => part.panel.maps === panel.maps && byShare()), isDrawn: () => !left};
}

function shrunk(image, width, height, picture) {
  const canvas = element("canvas", {width, height}), context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  if (picture.clip) drawFrames(context, picture, image, boxesOn(sheetFor(picture), {width, height})); else context.drawImage(image, 0, 0, width, height);
  return canvas;
}
