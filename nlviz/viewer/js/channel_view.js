// Channels: a map whose rows are channels, or a gate of channels, as a picture in which to choose one. The chosen channel's own
// feature map lies over the photo. Channels are numbered in the block's order, whatever order they are drawn in.
// Gives: channelView.
// Takes: geometry.js: clamp; looks.js: measure; scales.js: TIMES, timesScale, centredScale; channels.js: rankingOf, mostRelated, featureScale,
//   featureOf; words.js: rowsText, weightOf, relatedText, gateText, spreadText, keepText, helpText; drawing.js: clear, drawHeat, drawLabels, fitCanvas; film.js: fitBox; matrix.js:
//   matrixSide, drawMatrix, markRows, drawGate; parts.js: element, div, span, setText, photoOf, rampBar, fillBar, choiceBox.

const RELATED = 3;                                    // channels shown below a matrix

function channelView(part, choice) {
  const {panel, heat, picture} = part, {map, features} = panel, {isGate, keys: count} = map, {order, inOrder} = rankingOf(map);
  const orderName = () => choice.order ?? (isGate ? "sorted" : "in order");
  const values = element("canvas", {class: "nlviz-chooser-values"}), marks = element("canvas", {class: "nlviz-chooser-marks"});
  const chooser = element("div", {class: "nlviz-chooser", "data-kind": isGate ? "gate" : "matrix", "data-panel": panel.id, tabindex: 0,
    role: "slider", "aria-label": helpText(map), "aria-valuemin": 0, "aria-valuemax": count - 1,
    "aria-orientation": isGate ? "horizontal" : "vertical"}, values, marks);
  const featureBar = rampBar("feature-bar"), matrixBar = rampBar("matrix-bar"), caption = div("channel"), hint = div("line nlviz-hint");
  const thumbs = isGate || !features ? [] : Array.from({length: Math.min(RELATED, count)}, () => thumbnail(picture));
  const sort = choiceBox("Channels", "order", panel, ["in order", "sorted"], orderName(), value => { choice.order = value; redraw(); });
  const related = div("related", ...thumbs.map(thumb => thumb.node));
  const node = div("channel-view", chooser), bars = div("channel-bars", features ? featureBar.node : null, isGate ? null : matrixBar.node);
  const more = div("channel-more", isGate ? div("line nlviz-spread", spreadText(map)) : null, hint,
    thumbs.length ? related : null);
  const {lowest, highest} = measure(map.data), linear = linearScale(map, Math.min(0, lowest), Math.max(0, highest));
  let latest = null, drawn = "", drawnLabels = null, fitted = 0, channel = order[0];
  if (!(choice.kept < count)) choice.kept = null;     // another network, with fewer channels
  if (choice.kept !== null) channel = choice.kept;

  // -- choosing
  const shownOrder = () => orderName() === "sorted" ? order : inOrder;

  function channelAt({clientX, clientY}) {
    const {left, top, width, height} = chooser.getBoundingClientRect();
    const at = Math.floor((isGate ? (clientX - left) / width : (clientY - top) / height) * count);
    return shownOrder()[clamp(at, 0, count - 1)];
  }

  function select(next) { channel = next; redraw(); }

  function toggle() { choice.kept = choice.kept === channel ? null : channel; redraw(); }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const shown = shownOrder(), at = shown.indexOf(channel), to = place => () => select(shown[clamp(place, 0, count - 1)]);
    const actions = {ArrowDown: to(at + 1), ArrowRight: to(at + 1), ArrowUp: to(at - 1), ArrowLeft: to(at - 1), Home: to(0), End: to(count - 1),
                     PageDown: to(at + 10), PageUp: to(at - 10), Enter: toggle, " ": toggle};
    if (actions[event.key]) { event.preventDefault(); actions[event.key](); }
  }

  for (const name of ["pointermove", "pointerdown"]) chooser.addEventListener(name, event => select(channelAt(event)));
  chooser.addEventListener("click", event => { channel = channelAt(event); toggle(); });
  chooser.addEventListener("pointerleave", () => { if (choice.kept !== null) select(choice.kept); });
  chooser.addEventListener("keydown", onKey);

  // -- drawing
  function fit(width, height) {                       // beside the picture, and no higher
    const side = matrixSide(Math.min(width, height), count), [w, h] = isGate ? [width, height] : [side, side];
    Object.assign(chooser.style, {width: `${w}px`, height: `${h}px`});
    for (const canvas of [values, marks]) fitCanvas(canvas, w, h);
    fitThumbs();
  }

  function fitThumbs() {
    for (const {canvas, parts} of thumbs) fitBox(parts, picture, canvas.clientWidth, canvas.clientHeight);
    fitted++;
  }

  new ResizeObserver(() => { fitThumbs(); redraw(); }).observe(related);                   // unfolded, they have a size

  function redraw() { if (latest) draw(latest); }

  function draw(next) {                               // anew only where something changed: the query may move without end
    const {settings, smooth, labels, paletteFor} = latest = next, {colours, veil, scale} = settings;
    const key = [channel, orderName(), choice.kept, smooth, Boolean(labels), fitted, colours, veil, scale].join();
    if (drawn === key && drawnLabels === labels) return;
    const most = isGate ? [] : mostRelated(map, channel, RELATED), shown = shownOrder(), places = [shown.indexOf(channel), shown.indexOf(choice.kept)];
    if (isGate) drawGate(values, map.data, linear, shown, ...places);
    else drawChooser(shown, places);
    if (labels) drawLabels(heat, labels);
    else if (features) drawFeature(heat, channel);
    else clear(heat);                                 // of other people's networks they are not kept
    if (features) fillBar(featureBar, featureScale(features, channel), paletteFor(featureScale(features, channel)), `channel ${channel} over the photo, own scale`);
    drawRelated(most);
    drawWords(most);
    drawn = key; drawnLabels = labels;
  }

  function drawChooser(shown, places) {               // the matrix itself stays while channels are chosen in it
    const {settings, paletteFor} = latest, inTimes = settings.scale === TIMES && map.rows === "distribution";
    const scale = inTimes ? timesScale(highest * count) : linear, palette = paletteFor(scale.bare ? scale : null);    // it lies over no photo
    const wanted = [orderName(), fitted, settings.colours, inTimes].join();
    if (values.wanted !== wanted) drawMatrix(values, map, shown, palette, scale);
    values.wanted = wanted;
    fillBar(matrixBar, scale, palette, `the matrix, own scale · ${inTimes ? "times uniform, logarithmic" : rowsText(map.rows)}`);
    markRows(marks, count, ...places);
  }

  function drawFeature(canvas, shown) {
    const look = featureOf(features, shown);
    drawHeat(canvas, look, look.scale, latest.paletteFor(look.scale), latest.smooth);
  }

  function drawRelated(most) {
    thumbs.forEach(({canvas, words, node: thumb}, at) => {
      const [other, weight] = most[at];
      drawFeature(canvas, other);
      thumb.dataset.channel = other;
      setText(words[0], String(other));
      setText(words[1], weightOf(map, weight));
    });
  }

  function drawWords(most) {
    const text = isGate ? gateText(map, channel) : relatedText(map, channel, most);
    setText(caption, text);
    caption.title = text;
    setText(hint, keepText(map, choice.kept));
    chooser.title = hint.textContent;
    chooser.setAttribute("aria-valuenow", channel);
    chooser.setAttribute("aria-valuetext", text + (choice.kept === channel ? ", kept" : ""));
  }

  return {node, words: caption, bars, more, sort, fit, draw, state: () => ({channel, kept: choice.kept, order: orderName()})};
}

function thumbnail(picture) {                         // the photo in grey, a feature map over it, words below
  const canvas = element("canvas", {class: "nlviz-feature"}), words = [span("thumb-channel"), span("thumb-weight")], photo = photoOf(picture, "nlviz-photo nlviz-grey");
  const box = div("thumb-picture", photo, canvas);
  return {canvas, parts: {box, photo, heat: canvas, marks: null}, words, node: element("div", {class: "nlviz-thumb"}, box, div("thumb-words", ...words))};
}

const linearScale = ({rows}, low, high) => rows === "difference" ? {...centredScale(low, high), bare: true} : {low, high};
