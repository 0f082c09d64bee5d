// Curves: how much a map depends on its query, how flat its rows are and how much its block adds, over the steps of a training.
// Gives: createCurves.
// Takes: words.js: percent; drawing.js: PIN_COLOURS; parts.js: element, div, setText.

const CURVES = {share: ["depends", "of shuffled", 4], entropy_share: ["entropy", "of flat", 5], added_share: ["adds", "of its input", 2]};
const CURVES_WIDE = 240, CURVES_HIGH = 56;

// steps: where the numbers are; curves: {share, entropy_share, added_share}, a list each, shares of 1, null where there is none.
function createCurves(steps, curves) {
  const known = Object.entries(CURVES).filter(([name]) => curves[name]?.some(value => value != null));
  const top = Math.max(1, ...known.flatMap(([name]) => curves[name])), span = steps[steps.length - 1] - steps[0] || 1;
  const x = at => (steps[at] - steps[0]) / span * CURVES_WIDE, y = value => CURVES_HIGH * (1 - value / top);
  const lines = known.map(([name, [, , colour]]) => shape("path", {d: pathOf(curves[name], x, y), fill: "none", stroke: PIN_COLOURS[colour], "stroke-width": 1.5}));
  const mark = shape("line", {y1: 0, y2: CURVES_HIGH, stroke: "currentColor", "stroke-width": 1, "stroke-dasharray": "2 2"});
  const ground = shape("path", {d: `M0 0V${CURVES_HIGH}H${CURVES_WIDE}`, fill: "none", stroke: "currentColor", "stroke-opacity": 0.3});
  const entries = known.map(([, [, , colour]]) => element("li", {style: `--nl-curve:${PIN_COLOURS[colour]}`}));
  const node = div("curves", shape("svg", {viewBox: `0 0 ${CURVES_WIDE} ${CURVES_HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true"}, ground, ...lines, mark),
                   element("ul", {}, ...entries));

  return {node, mark(at) {                              // the step with that number
    for (const end of ["x1", "x2"]) mark.setAttribute(end, x(at));
    known.forEach(([name, [words, of]], number) => setText(entries[number], `${words} ${curves[name][at] == null ? "n/a" : `${percent(curves[name][at])} ${of}`}`));
  }};
}

// A line through the numbers, broken where there is none; one number alone is a dash.
function pathOf(values, x, y) {
  const points = values.map((value, at) => value == null ? null : `${x(at).toFixed(1)} ${y(value).toFixed(1)}`);
  return points.map((point, at) => point && `${at && points[at - 1] ? "L" : "M"}${point}${points[at + 1] ? "" : "h0.1"}`).filter(Boolean).join("");
}

function shape(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
