// Words: everything the viewer says about a map, a cell or a number.

const ROWS = {distribution: "distribution (sum 1)", scaled: "scaled by 1/N′", raw: "raw"};
const NO_ENTROPY = {scaled: "rows are scaled by 1/N′, not a distribution", raw: "rows are raw, not a distribution"};
const PARITY = {holds: ["✓", "reproduces the block’s output"], differs: ["✗", "differs from the block’s output"],
                "nothing added": ["!", "adds nothing (untrained or zero)"], undecided: ["?", "agreement with the block undecided"]};

function number(value, more = 0) {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value)) return String(value);
  if (size >= 1e5 || size < 1e-4) return value.toExponential(1 + more);
  return size >= 100 ? value.toFixed(more) : value.toPrecision((size >= 1 ? 3 : 2) + more);
}

function numbers(low, high) {                           // with as many digits as tell the two apart
  let more = 0;
  while (more < 4 && low !== high && number(low, more) === number(high, more)) more++;
  return [number(low, more), number(high, more)];
}

function percent(share) {
  const value = 100 * share;
  return `${value >= 10 ? value.toFixed(0) : value >= 0.1 || value === 0 ? value.toFixed(1) : value.toPrecision(1)} %`;
}

const cellText = (grid, cell) => `(${positionOf(grid, cell).join(", ")})`;
const gridText = ({rows, columns}) => `${rows} × ${columns}`;
const plural = (count, word, words = `${word}s`) => count === 1 ? `one ${word}` : `${count} ${words}`;
const barText = (rows, whose, several) => `${several ? "shared by " : ""}${whose} · rows: ${ROWS[rows] || rows}`;

function labelsOf(panels) {                             // titles; those alike are told apart by data set ("msrc · ..."), then by number
  const alike = texts => texts.map(text => texts.filter(other => other === text).length > 1);
  const titles = panels.map(panel => panel.title), same = alike(titles);
  const labels = panels.map(({title, subtitle}, at) => same[at] && subtitle ? `${title} (${subtitle.split(" · ")[0]})` : title);
  const still = alike(labels);
  return labels.map((label, at) => still[at] ? `${label}, panel ${at + 1}` : label);
}

function gridsTexts({isGlobal, queryGrid, keyGrid, rows}) {
  return [`${isGlobal ? "" : `${gridText(queryGrid)} queries, `}${gridText(keyGrid)} keys; `, `rows: ${ROWS[rows] || rows}`];
}

function uncoveredText({direction}) {
  return `no ${direction === ATTENDS ? "query" : "key"} of this network covers this place`;
}

function liveTexts(look) {
  const {panel, direction, values, lowest, highest, entropy} = look;
  if (!values) return [uncoveredText(look)];
  if (panel.isGlobal && direction === ATTENDED) return [`constant: every query gives this key ${number(highest)}`];
  const range = `range ${numbers(lowest, highest).join(" – ")}`;
  if (entropy !== null) return [range, `entropy ${percent(entropy)} of uniform`];
  const reason = direction === ATTENDED ? "a column is not a distribution" : NO_ENTROPY[panel.rows] || "only one key";
  return [range, `entropy n/a: ${reason}`];
}

function strongestText(look, reference) {             // "Non-local (3, 20), 2.9 % of the weight"
  const {panel, direction, askedGrid, asked, shownGrid, values, lowest, highest, strongest} = look, {label, isGlobal} = panel;
  if (!values) return `${label}: ${uncoveredText(look)}`;
  const weightOf = whose => panel.rows === "distribution" ? `${percent(highest)} of ${whose} weight` : `weight ${number(highest)}`;
  if (isGlobal && direction === ATTENDED) return `${label} key ${cellText(askedGrid, asked)} from every query alike, ${weightOf("the")}`;
  if (isFlat({low: lowest, high: highest})) return `${label}: flat, weight ${number(highest)} everywhere`;
  if (direction === ATTENDED) return `${label} key ${cellText(askedGrid, asked)} most by query ${cellText(shownGrid, strongest)}, ${weightOf("its")}`;
  const sameGrid = isGlobal || gridText(askedGrid) === gridText(reference);
  return `${label} ${sameGrid ? "" : `query ${cellText(askedGrid, asked)} → `}${cellText(shownGrid, strongest)}, ${weightOf("the")}`;
}

function statusText(looks, hovered, reference, point) {
  const first = looks.filter(look => look.panel.id === hovered), rest = looks.filter(look => look.panel.id !== hovered);
  const cell = cellText(reference, nearestCell(reference, point)), forward = looks[0]?.direction !== ATTENDED;
  const lead = forward ? `Query cell ${cell} → strongest key: ` : `Place ${cell} of ${gridText(reference)} ← attended by: `;
  return lead + [...first, ...rest].map(look => strongestText(look, reference)).join("; ");
}
