// Head matrix: a table of layers across and heads down, a number in each cell and its colour behind it. A click shows that head.
// Gives: headMatrix.
// Takes: parts.js: element, setText; stack_layout.js: mapAt.

// name: of the cells' class; heads: null is the mean of a layer, whose row stays empty where without says so; caption and label: for screen readers; onChoose(panel, name)
function headMatrix(panel, {name, heads, without = false, caption, label, onChoose}) {
  const layers = panel.stack.layers.map(({number}) => number), cells = new Map();
  const wordsOf = head => heads.length === 1 ? "" : head === null ? "mean" : `head ${head}`;
  const row = head => without && head === null ? element("tr", {class: "nlviz-matrix-without"}, element("td", {colspan: layers.length + 1})) : element("tr", {}, element("th", {scope: "row"}, wordsOf(head)), ...layers.map(layer => cellOf(layer, head)));
  const table = element("table", {class: `nlviz-matrix nlviz-${name}s`}, element("caption", {}, caption),
    element("thead", {}, element("tr", {}, element("td", {}), ...layers.map(layer => element("th", {scope: "col", title: nameOfLayer(panel, layer)}, String(layer))))),
    element("tbody", {}, ...heads.map(row)));
  const node = element("div", {class: "nlviz-scroll", tabindex: 0, role: "region", "aria-label": label}, table);

  function cellOf(layer, head) {
    const map = mapAt(panel, layer, head);
    if (!map || map.head !== head) return element("td", {});
    const one = element("button", {type: "button", class: `nlviz-matrix-cell nlviz-${name}-cell`, "data-map": map.name, onclick: () => onChoose(panel, map.name)});
    cells.set(map, one);
    return element("td", {}, one);
  }

  // lookOf(map): {text, said, at}: what stands there, what is said of it, 0 to 1 of the palette or null
  function fill(lookOf, shown, palette) { for (const [map, one] of cells) paintCell(one, lookOf(map), shown.includes(map), palette); }

  return {node, fill, maps: () => [...cells.keys()]};
}

const nameOfLayer = ({stack}, layer) => stack.layers.find(({number}) => number === layer)?.name || "";

function paintCell(one, {text, said, at}, isShown, palette) {
  setText(one, text);
  one.setAttribute("aria-label", said);
  one.title = said;
  one.setAttribute("aria-pressed", isShown);
  const colour = at === null || !palette ? null : palette[Math.min(255, Math.floor(256 * Math.max(0, at)))];
  const [red, green, blue] = [0, 8, 16].map(shift => colour >>> shift & 255);
  one.style.background = colour === null ? "" : `rgb(${red}, ${green}, ${blue})`;
  one.style.color = colour === null ? "" : 0.3 * red + 0.59 * green + 0.11 * blue > 128 ? "#000" : "#fff";
}
