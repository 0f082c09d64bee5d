// Head scatter: each head of a network as a dot, how much it depends on the query across, how much it matters up. Pointing at one names
// it, a click shows it.
// Gives: headScatter.
// Takes: parts.js: div, setText.

const PLOT = {width: 340, height: 248, left: 44, right: 10, top: 22, bottom: 34}, NEAR = 14;             // pixels
const UPS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10];
const QUARTERS = {matters: ["depends less, matters", "depends, matters"], not: ["depends less, matters less", "depends, matters less"]};

function vector(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const quarterOf = ({share, effect}, middle) => QUARTERS[effect >= middle ? "matters" : "not"][share >= 0.5 ? 1 : 0];

// textOf(point): what is said of a head; upText(value): a number of the upward axis; up: what that axis counts; onChoose(panel, name)
function headScatter(panel, {textOf, upText, onChoose}) {
  const plot = vector("svg", {viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, class: "nlviz-scatter", role: "img"}), words = div("scatter-words");
  const node = div("scatter-part", plot, words);
  let points = [], shown = [], pointed = null, middle = 0, up = "", scale = {low: 0.01, high: 1};

  const x = share => PLOT.left + Math.min(1.04, share) / 1.04 * (PLOT.width - PLOT.left - PLOT.right);
  const y = value => {
    const at = (Math.log(Math.max(value, scale.low)) - Math.log(scale.low)) / (Math.log(scale.high) - Math.log(scale.low));
    return PLOT.height - PLOT.bottom - at * (PLOT.height - PLOT.top - PLOT.bottom);
  };

  // all: [{map, share, effect}]; what: which maps are shown
  function fill(all, what, upWords) {
    points = all.filter(({share, effect}) => Number.isFinite(share) && effect > 0);
    shown = what; up = upWords;
    const values = points.map(({effect}) => effect).sort((a, b) => a - b);
    middle = values[Math.floor(values.length / 2)] ?? 0;
    scale = values.length ? {low: values[0] / 2, high: values[values.length - 1] * 2} : {low: 0.001, high: 1};            // room for the words in the corners
    draw();
  }

  function draw() {
    const line = (x1, y1, x2, y2, name = "axis") => vector("line", {x1, y1, x2, y2, class: `nlviz-scatter-${name}`});
    const text = (said, at, anchor = "middle", name = "tick") => vector("text", {x: at[0], y: at[1], "text-anchor": anchor, class: `nlviz-scatter-${name}`}, said);
    const [right, low, high] = [PLOT.width - PLOT.right, PLOT.height - PLOT.bottom, PLOT.top];
    const across = [0, 0.25, 0.5, 0.75, 1].map(share => text(`${100 * share}`, [x(share), low + 13]));
    const ticks = UPS.filter(value => value >= scale.low && value <= scale.high).flatMap(value => [line(PLOT.left - 3, y(value), PLOT.left, y(value)), text(upText(value), [PLOT.left - 6, y(value) + 4], "end")]);
    const halves = points.length ? [line(x(0.5), high, x(0.5), low, "half"), line(PLOT.left, y(middle), right, y(middle), "half")] : [];
    const corner = (which, at, side) => text(QUARTERS[which][side], [side ? right - 4 : PLOT.left + 6, at], side ? "end" : "start", "corner");
    const corners = points.length ? [0, 1].flatMap(side => [corner("matters", high + 12, side), corner("not", low - 6, side)]) : [];
    plot.replaceChildren(line(PLOT.left, low, right, low), line(PLOT.left, high, PLOT.left, low), ...across, ...ticks, ...halves, ...corners,
      text("depends on the query, % of shuffled", [(PLOT.left + right) / 2, PLOT.height - 5], "middle", "name"), text(`one map for all: ${up}`, [4, 11], "start", "name"), ...dots());
    plot.setAttribute("aria-label", `${panel.label}: how much each of ${points.length} heads depends on the query, and how much it matters. The same numbers are in the tables.`);
    sayPointed();
  }

  function dots() {                                   // fuller: a later layer
    const layers = points.map(({map}) => map.layer), [first, last] = [Math.min(...layers), Math.max(...layers)];
    return points.map(one => vector("circle", {cx: x(one.share), cy: y(one.effect), r: one === pointed || shown.includes(one.map) ? 6 : 4,
      "fill-opacity": 0.2 + 0.7 * (one.map.layer - first) / Math.max(1, last - first), "data-map": one.map.name,
      class: `nlviz-scatter-dot${shown.includes(one.map) ? " nlviz-scatter-shown" : ""}${one === pointed ? " nlviz-scatter-pointed" : ""}`}));
  }

  function sayPointed() {
    const one = pointed || points.find(({map}) => shown.includes(map));
    setText(words, one ? `${textOf(one)}: ${quarterOf(one, middle)}` : points.length ? "Point at a dot to name its head; fuller dots are later layers. Dashed: half of shuffled, and the median head." : "");
  }

  function nearest({clientX, clientY}) {
    const {left, top, width} = plot.getBoundingClientRect(), ratio = width / PLOT.width, far = one => Math.hypot(left + x(one.share) * ratio - clientX, top + y(one.effect) * ratio - clientY);
    const [best] = points.slice().sort((a, b) => far(a) - far(b));
    return best && far(best) <= NEAR ? best : null;
  }

  function point(next) {
    if (next === pointed) return;
    pointed = next;
    draw();
  }

  plot.addEventListener("pointermove", event => point(nearest(event)));
  plot.addEventListener("pointerleave", () => point(null));
  plot.addEventListener("click", event => { const one = nearest(event); if (one) onChoose(panel, one.map.name); });

  return {node, fill};
}
