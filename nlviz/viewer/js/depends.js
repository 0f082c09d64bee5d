// "Does it depend on the query?": a card for each panel. Its numbers are the server's and come when they are ready; its picture
// shows whose rows differ most from all the others.
// Gives: createDepends.
// Takes: geometry.js: cellAt, cellBox, centreOf; scales.js: OWN, isFlat; words.js: labelOf; drawing.js: clear, drawHeat, drawMarks,
//   fitCanvas; parts.js: element, div, span, setText, pictureBox, rampBar, fillBar, button; snapshots.js: epochOf, epochText;
//   measuring.js: createMeasuring; numbers_table.js: numbersTable.

const DEPENDS = "Does it depend on the query?";
const DEPENDS_HELP = "How far apart two queries are, on average over all pairs; 0: every query gets the same. Beside it the same "
  + "with every query’s own numbers shuffled, which is what unrelated queries would give, and with weights that were never trained.";

function createDepends({onDepends, onPin}) {
  const progress = element("span", {class: "nlviz-measuring", role: "status"}), holder = div("cards");
  const node = element("section", {class: "nlviz-depends", "aria-label": DEPENDS},
    div("strip-head", div("heading", DEPENDS), progress), div("quiet", DEPENDS_HELP), holder);
  const measuring = createMeasuring(onDepends, update);
  let cards = [], shown = null, view = null, marks = null;

  // Which panels are shown, at which map and snapshot; chosen: {network: epoch} as requests name it.
  function show({scene, panels, chosen, isWaiting}) {
    if (shown !== scene) {
      cards = panels.map(() => dependenceCard(scene.picture, {onPin, onAgain: measuring.again}));
      holder.replaceChildren(...cards.map(card => card.node));
      shown = scene;
    }
    cards.forEach((card, at) => card.name(panels[at], askedOf(scene, panels[at], chosen, isWaiting(panels[at]))));
    measuring.follow(cards.map(card => card.asked), () => !node.isConnected);
    update();
  }

  function update() {
    const found = measuring.progress();
    setText(progress, found ? `Measuring ${found[0]} of ${found[1]} …` : "");
    cards.forEach(card => { card.fill(measuring.recordOf(card.asked)); card.fit(); });
    drawPictures();
  }

  function draw(next) { view = next; drawPictures(); }

  function drawPictures() {
    if (!view) return;
    const pictures = cards.map(card => card.picture()).filter(Boolean);
    const shared = view.settings.scale !== OWN ? {low: 0, high: Math.max(...pictures.map(({highest}) => highest))} : null;
    cards.forEach(card => card.draw(shared, view, pictures.length));
    if (marks) mark(marks);
  }

  function mark(next) { marks = next; cards.forEach(card => card.mark(marks)); }          // next: {query, pins}

  function fit() {                                    // a canvas of another size is empty
    cards.forEach(card => card.fit());
    drawPictures();
  }

  const state = () => ({dependence: cards.map(card => card.state(measuring.recordOf(card.asked))), measuring: Boolean(measuring.progress())});

  return {node, show, draw, mark, fit, state};
}

function askedOf({key}, panel, snapshots, waiting) {
  return {name: JSON.stringify([key.picture, key.resolution ?? null, panel.id, panel.map.name, epochOf(panel)]), waiting,
          request: {key, panel: panel.id, map: panel.map.name, snapshots}};
}

// ---------------------------------------------------------------------------------------------------- a card

function dependenceCard(photo, {onPin, onAgain}) {
  const {box, heat, marks} = pictureBox(photo, {}), none = div("no-picture"), bar = rampBar("dependence-bar");
  const title = span("title"), epoch = span("quiet"), head = div("card-head", title, " ", epoch);
  const buttons = [["most", -1], ["least", 1]].map(([which, sign]) =>
    button(`Pin the ${which} typical`, `pin-${which}-typical`, () => onPin(extremeOf(record.attention.picture, sign))));
  const sentence = div("sentence"), table = numbersTable(), reasons = div("reasons quiet"), words = element("span", {role: "alert"});
  const trouble = div("trouble", words, button("Try again", "measure-again", () => onAgain(card.asked)));
  const node = element("article", {class: "nlviz-card"}, head, box, none, bar.node, div("typical", ...buttons), sentence, table.node, reasons, trouble);
  const card = {node, asked: null, name, fill, draw, mark, fit, picture: () => record?.attention?.picture, state};
  let panel = null, record = null;

  function name(next, asked) {
    panel = next; card.asked = asked;
    setText(title, labelOf(panel));
    epoch.hidden = !panel.snapshots;
    if (panel.snapshots) setText(epoch, epochText(panel.snapshots.epochs, epochOf(panel)));
    for (const part of [node, heat, marks]) part.dataset.panel = panel.id;
  }

  function fill(next) {
    const {attention, error} = record = next, picture = attention?.picture, flat = picture && isFlat({low: picture.lowest, high: picture.highest});
    box.hidden = Boolean(attention && !picture);
    none.hidden = !box.hidden;
    setText(none, attention?.note || "no picture");
    node.classList.toggle("nlviz-without", box.hidden);
    bar.node.classList.toggle("nlviz-unseen", !picture);
    for (const one of buttons) { one.disabled = !picture || flat; one.title = flat ? "Every query is as typical as any other" : ""; }
    setText(sentence, attention ? attention.sentence : error ? "" : "Waiting for the numbers …");
    sentence.classList.toggle("nlviz-quiet", !attention);
    reasons.replaceChildren(...table.fill(record).map(reason => div("reason", `n/a: ${reason}`)));
    trouble.hidden = !error;
    setText(words, error);
  }

  function draw(shared, {settings, paletteFor}, count) {
    const picture = card.picture(), scale = picture && (shared || {low: picture.lowest, high: picture.highest});
    if (!picture) { clear(heat); return; }
    drawHeat(heat, picture, scale, paletteFor(scale), settings.view === "smooth");
    fillBar(bar, scale, paletteFor(scale), `mean divergence to all queries, nats${count < 2 ? "" : shared ? " · shared scale" : " · own scale"}`);
  }

  function mark({query, pins}) {
    const grid = card.picture()?.shownGrid, cell = grid ? cellAt(grid, query) : -1;
    drawMarks(marks, {box: cell < 0 ? null : cellBox(grid, cell), pins});
  }

  function fit() {
    const {width, height} = box.getBoundingClientRect();
    if (width) for (const canvas of [heat, marks]) fitCanvas(canvas, width, height);
  }

  function state({attention, fresh, error}) {
    const numbers = attention && attention.numbers.map(one => ({...one, fresh: fresh?.fresh?.[one.name] ?? null}));
    return {id: panel.id, map: panel.map.name, snapshot: epochOf(panel), numbers, sentence: attention?.sentence ?? "", error};
  }

  return card;
}

const isInside = ({x, y, width, height}) => Math.abs(x + width / 2 - 0.5) < 0.5 && Math.abs(y + height / 2 - 0.5) < 0.5;

function extremeOf({values, shownGrid: grid}, sign) { // the centre of the cell with the lowest (-1) or highest (1) value in the picture
  let best = -1;
  values.forEach((value, cell) => {
    if (Number.isFinite(value) && isInside(cellBox(grid, cell)) && (best < 0 || sign * value > sign * values[best])) best = cell;
  });
  return best < 0 ? null : centreOf(grid, best);      // a letterboxed grid has cells beside the picture too
}
