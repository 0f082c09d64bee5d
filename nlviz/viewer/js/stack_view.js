// Stack view: a network's layers x heads as thumbnails, in which to choose the map of a panel. What they show is drawn by stacks.js.
// Gives: stackView.
// Takes: words.js: percent, plural, number; drawing.js: clear, fitCanvas; parts.js: element, div, span, setText, selectOf, button;
//   stack_layout.js: SORTS, BY_LAYER, BY_DEPENDENCE, entriesOf, inOrder, stackLayout, neighbourOf.

const STACK_HELP = "Layers × heads. Arrow keys choose the map of this panel.";
const PLACEHOLDER = "rgba(128, 128, 128, .14)";       // quiet on light and on dark

// on: {choose(name), change(), enlarge(), beside()}; shareOf(map): {share, reason} or null; progress(): what is measured, in words;
// waiting(panel, layer): why a layer is not here
function stackView(part, {photo, on, shareOf, progress, waiting}) {
  const {panel, choice} = part, entries = entriesOf(panel);
  const backs = element("canvas", {class: "nlviz-stack-backs nlviz-grey", "aria-hidden": "true"}), labels = div("stack-labels");
  const heats = element("canvas", {class: "nlviz-stack-heats", "aria-hidden": "true", "data-panel": panel.id});
  const shown = div("stack-shown"), pointed = div("stack-pointed"), words = div("stack-words"), measuring = element("span", {class: "nlviz-quiet", role: "status"});
  const stage = element("div", {class: "nlviz-stack-stage", tabindex: 0, role: "slider", "aria-label": STACK_HELP, "aria-valuemin": 1,
    "aria-valuemax": entries.length}, backs, heats, labels, pointed, shown);
  const sort = element("label", {class: "nlviz-control nlviz-choice"}, "by",
    selectOf({"data-choice": "sort", "data-panel": panel.id, "aria-label": "Thumbnails sorted by"}, SORTS, choice.sort, value => { choice.sort = value; on.change(); }));
  const enlarge = quietButton("enlarge-stack", on.enlarge), beside = on.beside && quietButton("beside", on.beside);
  const node = element("section", {class: "nlviz-stack", "data-panel": panel.id, "aria-label": `Layers × heads of ${panel.label}`},
    div("stack-head", span("stack-title"), sort, measuring, span("stack-buttons", beside, enlarge)), stage, words);
  let layout = {boxes: [], labels: []}, boxes = new Map(), ratio = 1, under = null, marked = null;

  // -- choosing
  function boxAt({clientX, clientY}) {
    const {left, top} = stage.getBoundingClientRect(), x = clientX - left, y = clientY - top;
    return layout.boxes.find(box => x >= box.x - 1 && x < box.x + box.width + 1 && y >= box.y - 1 && y < box.y + box.height + 1) || null;
  }

  function point(box) { under = box; drawFrames(); }

  function onKey(event) {
    const from = boxes.get(panel.map), to = from && !event.ctrlKey && !event.metaKey && !event.altKey && neighbourOf(layout.boxes, from, event.key);
    if (!to) return;
    event.preventDefault();
    if (to !== from) on.choose(to.map.name);
  }

  stage.addEventListener("pointermove", event => point(boxAt(event)));
  stage.addEventListener("pointerleave", () => point(null));
  stage.addEventListener("click", event => { const box = boxAt(event); if (box) on.choose(box.map.name); });
  stage.addEventListener("keydown", onKey);

  // -- the places of the thumbnails
  function place(width, aspect, where, larger) {      // below its panel, beside it, or large below all
    const {sort: by} = choice;
    layout = stackLayout(inOrder(entries, by, map => shareOf(map)?.share), {width, aspect, sort: by, where, larger});
    boxes = new Map(layout.boxes.map(box => [box.map, box]));
    Object.assign(stage.style, {width: `${layout.width}px`, height: `${layout.height}px`});
    for (const canvas of [backs, heats]) fitCanvas(canvas, layout.width, layout.height);
    ratio = backs.width / layout.width;
    labels.replaceChildren(...layout.labels.map(labelNode));
    nameButtons();
    drawBacks();
    drawFrames();
  }

  function nameButtons() {
    setText(enlarge, choice.large ? "Shrink" : "Enlarge");
    enlarge.setAttribute("aria-pressed", Boolean(choice.large));
    if (beside) setText(beside, "+ beside");
    if (beside) beside.title = "Show another head of this network beside this one";
    setText(node.querySelector(".nlviz-stack-title"), choice.large ? panel.label : "");
  }

  const onCanvas = ({x, y, width, height}) => ({x: Math.round(x * ratio), y: Math.round(y * ratio), width: Math.round(width * ratio), height: Math.round(height * ratio)});

  function drawBacks() {                              // the photo below each map that is here
    const context = clear(backs);
    clear(heats);
    for (const box of layout.boxes) {
      const {x, y, width, height} = onCanvas(box), small = box.map.form && photo(width, height);
      context.fillStyle = PLACEHOLDER;
      context.globalAlpha = small ? fadedAt(box.width) : 1;
      if (small) context.drawImage(small, x, y); else context.fillRect(x, y, width, height);
    }
  }

  // -- what is said of them
  const follow = () => { if (marked !== panel.map) drawFrames(); };        // another map is shown

  function drawFrames() {
    marked = panel.map;
    frame(shown, boxes.get(panel.map));
    frame(pointed, under);
    const said = textOf(under?.map || panel.map);
    setText(words, said);
    setText(measuring, choice.sort === BY_DEPENDENCE ? progress() : "");
    stage.setAttribute("aria-valuenow", layout.boxes.findIndex(({map}) => map === panel.map) + 1);
    stage.setAttribute("aria-valuetext", textOf(panel.map));
  }

  function textOf(map) {
    if (!map.form) return `${map.name}: ${waiting(panel, map.layer)}`;
    const found = shareOf(map), facts = [[map.entropyShare, value => `entropy ${percent(value)}`], [map.distance, reachText],
                                         [found?.share, value => `${percent(value)} of shuffled`]];
    const said = facts.filter(([value]) => Number.isFinite(value)).map(([value, say]) => say(value));
    return [map.name, said.join(", ")].filter(Boolean).join(": ");
  }

  return {node, part, place, drawBacks, drawFrames, follow, isLarge: () => Boolean(choice.large), bySort: () => choice.sort !== BY_LAYER, byShare: () => choice.sort === BY_DEPENDENCE,
          boxes: () => layout.boxes, contextOf: () => heats.getContext("2d"), onCanvas, stage};
}

const fadedAt = width => Math.min(0.6, 0.25 + width / 120);              // a small photo, so that what lies over it is seen first
const reachText = value => `distance ${plural(Number(number(value)), "cell")}`;

function quietButton(action, onclick) {
  const one = button("", action, onclick);
  one.classList.add("nlviz-quiet-button");
  return one;
}

function labelNode({words, x, y, width, side}) {
  return element("span", {class: `nlviz-stack-label nlviz-${side}`, style: `left:${x}px;top:${y}px;width:${width}px`, "aria-hidden": "true"}, words);
}

function frame(node, box) {
  node.hidden = !box;
  if (box) Object.assign(node.style, {left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px`});
}
