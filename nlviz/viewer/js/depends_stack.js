// Depends stack: layers x heads in "Does it depend on the query?": a cell for each head, its colour and number the share of what
// shuffled rows would give. A click shows that head.
// Gives: createDependsStack.
// Takes: words.js: percent; parts.js: element, div, setText, rampBar, fillBar, button; stack_layout.js: entriesOf, mapAt.

const SHARES_HELP = "How far apart rows are, as a share of what shuffled rows are: 0 %, every query gets the same; 100 %, rows have nothing in common.";

// shares: see stack_shares.js; onChoose(panel, name)
function createDependsStack({shares, onChoose}) {
  const node = div("depends-stacks"), tables = new Map();
  let view = null, panels = [], isSeen = false;
  new IntersectionObserver(([{isIntersecting}]) => { isSeen = isIntersecting; if (isSeen) shares.follow(); }).observe(node);

  function show(next) {                               // of each network with layers and heads one
    panels = next;
    const seen = panels.filter(panel => panel.stack && !panel.beside && panel.maps.length > 1);
    for (const [id, {panel, node: old}] of tables) {
      if (!seen.some(one => one.id === id && one.maps === panel.maps)) { old.remove(); tables.delete(id); }
    }
    for (const panel of seen) if (!tables.has(panel.id)) tables.set(panel.id, shareTable(panel, {shares, onChoose}));
    const nodes = seen.map(panel => tables.get(panel.id).node), there = [...node.children];
    if (nodes.some((one, at) => one !== there[at])) node.replaceChildren(...nodes);
    update();
  }

  function update() {
    for (const {panel, fill} of tables.values()) fill(panels.filter(({maps}) => maps === panel.maps).map(({map}) => map), view);
  }

  return {node, show, update, draw(next) { view = next; update(); }, isSeen: () => isSeen};
}

function shareTable(panel, {shares, onChoose}) {
  const layers = panel.stack.layers.map(({number}) => number), heads = [...new Set(entriesOf(panel).map(({head}) => head))].sort((a, b) => a - b);
  const cells = new Map(), bar = rampBar("shares-bar"), progress = element("span", {class: "nlviz-measuring", role: "status"});
  const wordsOf = head => heads.length === 1 ? "" : head === null ? "mean" : `head ${head}`;
  const row = head => element("tr", {}, element("th", {scope: "row"}, wordsOf(head)), ...layers.map(layer => cellOf(layer, head)));
  const table = element("table", {class: "nlviz-shares"},
    element("caption", {}, `Layers of ${panel.label} across, heads down: share of shuffled`),
    element("thead", {}, element("tr", {}, element("td", {}), ...layers.map(layer => element("th", {scope: "col", title: nameOfLayer(panel, layer)}, String(layer))))),
    element("tbody", {}, ...heads.map(row)));
  const words = element("span", {role: "alert"}), trouble = div("trouble", words, button("Try again", "shares-again", () => shares.again(panel)));
  const scroll = element("div", {class: "nlviz-scroll", tabindex: 0, role: "region", "aria-label": `Shares of ${panel.label}`}, table);
  const node = element("div", {class: "nlviz-depends-stack", "data-panel": panel.id}, div("depends-stack-head", div("heading", panel.label), bar.node, progress), scroll, trouble);

  function cellOf(layer, head) {
    const map = mapAt(panel, layer, head);
    if (!map || map.head !== head) return element("td", {});
    const one = element("button", {type: "button", class: "nlviz-share-cell", "data-map": map.name, onclick: () => onChoose(panel, map.name)});
    cells.set(map, one);
    return element("td", {}, one);
  }

  function fill(shown, view) {
    const palette = view?.paletteFor(null), errors = shares.errorsOf(panel);
    for (const [map, one] of cells) fillShare(one, map, shares.shareOf(panel, map), shown.includes(map), palette);
    if (palette) fillBar(bar, {low: 0, high: 100}, palette, "% of shuffled");
    bar.node.title = SHARES_HELP;
    setText(progress, shares.progressText(panel));
    trouble.hidden = !errors.length;
    setText(words, errors.join(" "));
  }

  return {panel, node, fill};
}

const nameOfLayer = ({stack}, layer) => stack.layers.find(({number}) => number === layer)?.name || "";

function fillShare(one, map, found, isShown, palette) {
  const share = found && Number.isFinite(found.share) ? found.share : null, text = share === null ? found ? "n/a" : "" : `${Math.round(100 * share)}`;
  setText(one, text);
  one.setAttribute("aria-label", `${map.name}: ${share === null ? found ? `n/a: ${found.reason}` : "not measured yet" : `${percent(share)} of shuffled`}`);
  one.title = one.getAttribute("aria-label");
  one.setAttribute("aria-pressed", isShown);
  const colour = share === null || !palette ? null : palette[Math.min(255, Math.floor(256 * Math.max(0, share)))];
  const [red, green, blue] = [0, 8, 16].map(shift => colour >>> shift & 255);
  one.style.background = colour === null ? "" : `rgb(${red}, ${green}, ${blue})`;
  one.style.color = colour === null ? "" : 0.3 * red + 0.59 * green + 0.11 * blue > 128 ? "#000" : "#fff";
}
