// Depends stack: layers x heads in "Does it depend on the query?": a cell for each head, its colour and number the share of what
// shuffled rows would give; beside it how much each head matters. A click shows that head.
// Gives: createDependsStack.
// Takes: maps.js: isDifference; words.js: percent; parts.js: element, div, span, setText, rampBar, fillBar, button; stack_layout.js: entriesOf; head_matrix.js:
//   headMatrix; head_effects.js: headEffects.

const SHARES_HELP = "How far apart rows are, as a share of what shuffled rows are: 0 %, every query gets the same; 100 %, rows have nothing in common.";

// shares and effects: see by_layer.js; onChoose(panel, name)
function createDependsStack({shares, effects, onChoose}) {
  const node = div("depends-stacks"), tables = new Map();
  let view = null, panels = [], isSeen = false;
  new IntersectionObserver(([{isIntersecting}]) => { isSeen = isIntersecting; if (isSeen) follow(); }).observe(node);

  function follow() {
    shares.follow();
    effects.follow();
  }

  function show(next) {                               // of each network with layers and heads one
    panels = next;
    const seen = panels.filter(panel => panel.stack && !panel.beside && !isDifference(panel));
    for (const [id, {panel, node: old}] of tables) {
      if (!seen.some(one => one.id === id && one.maps === panel.maps)) { old.remove(); tables.delete(id); }
    }
    for (const panel of seen) if (!tables.has(panel.id)) tables.set(panel.id, stackPart(panel, {shares, effects, onChoose}));
    const nodes = seen.map(panel => tables.get(panel.id).node), there = [...node.children];
    if (nodes.some((one, at) => one !== there[at])) node.replaceChildren(...nodes);
    update();
  }

  function update() {
    const palette = view?.paletteFor(null);
    for (const {panel, fill} of tables.values()) fill(panels.filter(({maps}) => maps === panel.maps).map(({map}) => map), palette);
  }

  return {node, show, update, draw(next) { view = next; update(); }, isSeen: () => isSeen};
}

function stackPart(panel, {shares, effects, onChoose}) {
  const heads = [...new Set(entriesOf(panel).map(({head}) => head))].sort((a, b) => a - b), table = shareTable(panel, {shares, heads, onChoose});
  const matters = effects.isOffered && panel.runs !== false ? headEffects(panel, {effects, shares, heads, onChoose}) : null;
  const node = element("div", {class: "nlviz-depends-stack", "data-panel": panel.id}, div("heading", panel.label),
    div("head-parts", table.node, ...(matters ? [matters.node, matters.scatter] : [])));

  function fill(shown, palette) {
    table.fill(shown, palette);
    matters?.fill(shown, palette);
  }

  return {panel, node, fill};
}

function shareTable(panel, {shares, heads, onChoose}) {
  const bar = rampBar("shares-bar"), progress = element("span", {class: "nlviz-measuring", role: "status"}), words = element("span", {role: "alert"});
  const trouble = div("trouble", words, button("Try again", "shares-again", () => shares.again(panel)));
  const matrix = headMatrix(panel, {name: "share", heads, onChoose, label: `Shares of ${panel.label}`, caption: `Layers of ${panel.label} across, heads down: share of shuffled`});
  const node = div("head-part", div("head-part-head", span("head-part-title", "How much it depends"), bar.node, progress), matrix.node, trouble);

  function fill(shown, palette) {
    const errors = shares.errorsOf(panel);
    matrix.fill(map => shareLook(map, shares.numberOf(panel, map)), shown, palette);
    if (palette) fillBar(bar, {low: 0, high: 100}, palette, "% of shuffled");
    bar.node.title = SHARES_HELP;
    setText(progress, shares.progressText(panel));
    trouble.hidden = !errors.length;
    setText(words, errors.join(" "));
  }

  return {node, fill};
}

function shareLook(map, found) {
  const share = found && Number.isFinite(found.share) ? found.share : null, text = share === null ? found ? "n/a" : "" : `${Math.round(100 * share)}`;
  return {text, said: `${map.name}: ${share === null ? found ? `n/a: ${found.reason}` : "not measured yet" : `${percent(share)} of shuffled`}`, at: share};
}
