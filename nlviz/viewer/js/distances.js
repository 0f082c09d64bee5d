// Distances: how far apart the rows of the pinned queries are, a table for each panel. The rows are the strip's; nobody is asked.
// Gives: createDistances.
// Takes: geometry.js: clamp; looks.js: ATTENDS, rowIsDistribution, entropyOf; words.js: number, labelOf, uncoveredText,
//   noEntropyText; parts.js: element, div, pinBadge.

const TRIANGLES = "Above the diagonal Jensen–Shannon divergence in nats, 0 to ln 2 = 0.69; below it cosine distance (1 − cos) / 2, 0 to 1.";

// ---------------------------------------------------------------------------------------------------- two rows

function divergenceOf(p, q) {                         // H((p + q) / 2) - (H(p) + H(q)) / 2, in nats
  let ofMean = 0;
  for (let j = 0; j < p.length; j++) {
    const mean = (p[j] + q[j]) / 2;
    if (mean > 0) ofMean -= mean * Math.log(mean);
  }
  return clamp(ofMean - (entropyOf(p) + entropyOf(q)) / 2, 0, Math.LN2);
}

function cosineDistanceOf(a, b) {                     // (1 - cos) / 2; null where a vector is zero
  let dot = 0, ofA = 0, ofB = 0;
  for (let j = 0; j < a.length; j++) { dot += a[j] * b[j]; ofA += a[j] * a[j]; ofB += b[j] * b[j]; }
  return ofA && ofB ? clamp((1 - dot / Math.sqrt(ofA * ofB)) / 2, 0, 1) : null;
}

// {value} or {reason}; looks: one panel seen from two pins
function distanceBetween(looks, measure, pins) {
  const uncovered = looks.findIndex(look => !look.values);
  if (uncovered >= 0) return {reason: `query ${pins[uncovered] + 1} n/a: ${uncoveredText(looks[uncovered])}`};
  if (measure === divergenceOf && !rowIsDistribution(looks[0])) return {reason: `divergence n/a: ${noEntropyText(looks[0])}`};
  const value = measure(...looks.map(({whole, values}) => whole ?? values));
  return value === null ? {reason: `cosine n/a: a ${looks[0].direction === ATTENDS ? "row" : "column"} is zero everywhere`} : {value};
}

function distanceText(value) {                        // short: two decimals, three of small ones
  if (value === 0) return "0";
  return value < 0.0005 ? "<0.001" : value.toFixed(value < 0.00995 ? 3 : 2);
}

// ---------------------------------------------------------------------------------------------------- tables

function createDistances() {
  const tables = div("distance-tables"), node = div("distances", div("heading", "Distances between pinned queries"), div("quiet", TRIANGLES), tables);

  function draw(looks) {                              // a row for each pin, as in the strip
    node.hidden = looks.length < 2;
    tables.replaceChildren(...(node.hidden ? [] : looks[0].map((_, at) => distanceTable(looks.map(row => row[at])))));
  }

  return {node, draw};
}

function distanceTable(looks) {
  const [{panel, map, reason}] = looks, none = map.ofChannels || map.isGate, notes = new Set(), table = none || reason ? null : tableOf(looks, notes);
  if (none) notes.add(map.isGate ? "no row: a gate" : "no row: channels");
  else if (reason) notes.add(uncoveredText(looks[0]));
  else if (map.isGlobal) notes.add("one map for every query");
  return element("div", {class: "nlviz-distance-table", "data-panel": panel.id}, div("strong", labelOf(panel)), table && div("scroll", table),
    ...[...notes].map(note => div("quiet", note)));
}

function tableOf(looks, notes) {
  const badges = scope => looks.map((_, pin) => element("th", {scope, "aria-label": `query ${pin + 1}`}, pinBadge(pin)));
  const columns = badges("col"), rows = badges("row");
  return element("table", {}, element("tr", {}, element("td"), ...columns),
    ...looks.map((_, row) => element("tr", {}, rows[row], ...looks.map((_, column) => distanceCell(looks, row, column, notes)))));
}

function distanceCell(looks, row, column, notes) {
  if (row === column) return element("td", {class: "nlviz-quiet"}, "–");
  const measure = row < column ? divergenceOf : cosineDistanceOf, pins = [Math.min(row, column), Math.max(row, column)];
  const {value, reason} = distanceBetween(pins.map(pin => looks[pin]), measure, pins), whose = `Queries ${pins[0] + 1} and ${pins[1] + 1}: `;
  if (reason) { notes.add(reason); return element("td", {class: "nlviz-quiet", title: reason}, "n/a"); }
  const title = measure === divergenceOf ? `Jensen–Shannon divergence ${number(value, 2)} nats` : `cosine distance ${number(value, 2)}`;
  return element("td", {title: whose + title}, distanceText(value));
}
