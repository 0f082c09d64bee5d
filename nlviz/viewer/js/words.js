// Words: everything the viewer says about a map, a cell or a number.
// Gives: PARITY, number, numbers, percent, cellText, framesText, gridText, plural, labelsOf, apartText, labelOf, rowsText, termText, barText,
//   gridsTexts, factText, sharesText, hereText, uncoveredText, noEntropyText, liveTexts, strongestText, statusLead, statusEntries, weightOf,
//   relatedText, gateText, spreadText, keepText, helpText.
// Takes: geometry.js: cellAt, nearestCell, positionOf, cellBox; terms.js: FULL, CENTRED; similarities.js: isSimilarity; looks.js: ATTENDS,
//   ATTENDED, rowIsDistribution, measure; scales.js: isFlat, shareBelow; channels.js: rankingOf, median.

const ROWS = {distribution: "distribution (sum 1)", scaled: "scaled by 1/N′", raw: "raw", similarity: "cosine similarity, −1 to 1",
              difference: "differences of weights, first less second"};
const NO_ENTROPY = {similarity: "similarities are no distribution",
                    scaled: "rows are scaled by 1/N′, not a distribution", raw: "rows are raw, not a distribution"};
const PARITY = {holds: ["✓", "reproduces the block’s output"], differs: ["✗", "differs from the block’s output"],
                "nothing added": ["!", "adds nothing (untrained or zero)"], undecided: ["?", "a map as given, no network to compare it with"]};

// ---------------------------------------------------------------------------------------------------- numbers

function number(value, more = 0) {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value)) return String(Math.abs(value) === 0 ? 0 : value);
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

const gridText = ({rows, columns, frames, times}) => `${times ? `${frames} × ` : ""}${rows} × ${columns}`;
const plural = (count, word, words = `${word}s`) => count === 1 ? `one ${word}` : `${count} ${words}`;
function cellText(grid, cell) {                         // "(3, 20)", of a clip "(3, 20) in frame 5", frames being counted from 1
  const [row, column] = positionOf(grid, cell).slice(-2), where = `(${row}, ${column})`;
  return grid.times ? `${where} in ${framesText(cellBox(grid, cell).frames)}` : where;
}

const framesText = ({from, to}) => to - from > 1 ? `frames ${from + 1}–${to}` : `frame ${from + 1}`;
const rangeText = (low, high) => `range ${numbers(low, high).join(" – ")}`;

// ---------------------------------------------------------------------------------------------------- a panel and its map

function labelsOf(panels) {                             // those beside another of their network are called as it is
  const own = panels.filter(panel => !panel.beside), labels = ownLabels(own);
  return panels.map(panel => labels[own.findIndex(({maps}) => maps === panel.maps)] ?? panel.title);
}

function ownLabels(panels) {                            // titles; those alike are told apart by data set ("msrc · ..."), then by number
  const alike = texts => texts.map(text => texts.filter(other => other === text).length > 1);
  const titles = panels.map(panel => panel.title), same = alike(titles);
  const labels = panels.map(({title, subtitle}, at) => same[at] && subtitle ? `${title} (${subtitle.split(" · ")[0]})` : title);
  const still = alike(labels);
  return labels.map((label, at) => still[at] ? `${label}, panel ${at + 1}` : label);
}

const apartText = ({title, label}) => label.slice(title.length).replace(/^ \(|^, |\)$/g, "");      // what tells it from one of the same title
const labelOf = ({label, maps, map}) => maps.length > 1 ? `${label} · ${map.name}` : label;
const isAdded = ({name}) => name.startsWith("added");   // gc: "added to channels", any number
const rowsText = rows => rows === "gate" ? "gate, 0 to 1" : rows === "similarity" || rows === "difference" ? ROWS[rows] : `rows: ${ROWS[rows] || rows}`;
const termText = term => term === FULL ? "" : `${term} · `;

function barText(kind, {times}, whose, several, term) {
  const what = times ? "times uniform, logarithmic: 1× is an even share" : `${rowsText(kind)} · linear`;
  return `${several ? "shared by " : ""}${whose} · ${kind === "gate" ? "" : termText(term)}${what}`;
}

const gateRows = rows => rows === "difference" ? "difference of two gates" : "gate, 0 to 1";

function gridsTexts({isGlobal, isGate, ofChannels, queryGrid, queryTokens, keyGrid, keys, rows, weights, ...map}) {
  if (isGate && ofChannels) return [`${keys} channels;`, isAdded(map) ? "a number added to each" : gateRows(rows)];
  if (isGate) return [`${gridText(keyGrid)} positions;`, gateRows(rows)];
  if (ofChannels) return [`${keys} × ${keys} channels;`, rowsText(rows)];
  const sum = rows === "raw" && weights?.kind === "sum" ? " (sum 2)" : "";            // of two distributions
  const asking = queryGrid ? `${gridText(queryGrid)} queries` : plural(queryTokens.length, "named token asks", "named tokens ask");
  return [`${isGlobal ? "" : `${asking}, `}${gridText(keyGrid)} keys;`, rowsText(rows) + sum];
}

function factText({isGlobal, isGate, ofChannels}) {     // what must be known to read the picture; null for a plain map
  if (ofChannels) return `${isGate ? "one value for each channel" : "rows are channels"}: a place in the picture has no row here`;
  if (isGate) return "One value for each position: every query gets the same.";
  return isGlobal ? "One map: every query gets the same." : null;
}

// ---------------------------------------------------------------------------------------------------- a look

function uncoveredText({direction, reason}) {
  return reason ? `n/a: ${reason}` : `no ${direction === ATTENDS ? "query" : "key"} of this network covers this place`;
}

function noEntropyText({map, direction, centred}) {
  if (map.isGate) return "a gate, not a distribution";
  if (centred) return "a difference, not a distribution";
  return direction === ATTENDED ? "a column is not a distribution" : NO_ENTROPY[map.rows] || "only one key";
}

const capital = words => words.charAt(0).toUpperCase() + words.slice(1);

function sharesText(look) {                             // what named keys take of the row; several of one kind together: "4 register tokens 12 %"
  const kinds = new Map(), shares = look.values && rowIsDistribution(look) ? look.shares ?? [] : [];
  for (const {name, share} of shares) {
    const one = name.replace(/, frame \d+$/, ""), kind = one.replace(/ \d+$/, ""), {names = new Set(), sum = 0} = kinds.get(kind) || {};
    kinds.set(kind, {names: names.add(one), sum: sum + share});
  }
  return [...kinds].map(([kind, {names, sum}]) => `${names.size > 1 ? `${names.size} ${kind}s` : kind} ${percent(sum)}`).join(" · ");
}

function hereText(look) {                               // what the cell under the pointer gets
  const {map, values, shownGrid, point, centred} = look, cell = values ? cellAt(shownGrid, point) : -1;
  if (!values) return uncoveredText(look);
  if (cell < 0) return "";
  if (look.inTimes) return `here ${number(values[cell] * map.keys)}×`;
  if (map.rows !== "distribution" || map.isGate || centred) return `here ${number(values[cell])}`;
  return `here ${values[cell] > 0 && values[cell] < 1e-4 ? "<0.01 %" : percent(values[cell])}`;
}

function liveTexts(look) {
  const {map, direction, values, lowest, highest, entropy, term} = look;
  if (!values) return [uncoveredText(look)];
  if (map.isGlobal && term === CENTRED) return ["0 everywhere: no query differs from the mean"];
  if (map.isGlobal && direction === ATTENDED) return [`constant: every query gives this key ${number(highest)}`];
  if (look.alike) return [`${rangeText(lowest, highest)} elsewhere`];
  const ranges = look.inTimes ? timesTexts(look) : [rangeText(lowest, highest)];
  return entropy !== null ? [...ranges, `entropy ${percent(entropy)} of uniform`] : [...ranges, `entropy n/a: ${noEntropyText(look)}`];
}

function timesTexts({map, direction, values, lowest, highest}) {         // which share has the lowest colour, being below the scale
  const below = shareBelow(values, map.keys), what = direction === ATTENDS ? "keys" : "queries", timesText = value => `${number(value * map.keys)}×`;
  return [below ? `up to ${timesText(highest)}` : `${timesText(lowest)} – ${timesText(highest)}`,
          below ? `${percent(below)} of ${what} below 1/16×` : `no ${what} below 1/16×`];
}

function weightText({map, term, highest}, whose) {
  if (map.rows === "difference" && term !== CENTRED) return `${number(highest)} more in the first`;
  if (term === CENTRED) return `${number(highest)} above the mean`;
  return map.rows === "distribution" && !map.isGate ? `${percent(highest)} of ${whose} weight` : `weight ${number(highest)}`;
}

function strongestText(look, reference) {               // what follows the label: " (3, 20), 2.9 % of the weight"
  const {map, direction, askedGrid, asked, shownGrid, values, lowest, highest, strongest, token} = look;
  if (map.ofChannels) return map.isGate ? ": one value for each channel" : ": rows are channels";
  if (!values) return `: ${uncoveredText(look)}`;
  if (look.alike) return ` ${cellText(shownGrid, strongest)}, ${number(highest)}`;
  if (map.isGate) return `: strongest at ${cellText(shownGrid, strongest)}, gate ${number(highest)}`;
  const key = token ? "" : ` key ${cellText(askedGrid, asked)}`;           // a named token has no cell
  if (map.isGlobal && direction === ATTENDED && highest) return `${key} from every query alike, ${weightText(look, "the")}`;
  if (isFlat({low: lowest, high: highest})) return look.centred ? ": 0 everywhere" : `: flat, weight ${number(highest)} everywhere`;
  if (direction === ATTENDED) return `${key} most by query ${cellText(shownGrid, strongest)}, ${weightText(look, "its")}`;
  const sameGrid = token || map.isGlobal || gridText(askedGrid) === gridText(reference);
  return ` ${sameGrid ? "" : `query ${cellText(askedGrid, asked)} → `}${cellText(shownGrid, strongest)}, ${weightText(look, "the")}`;
}

function statusLead({direction, term, token}, reference, point) {
  if (token && !isSimilarity(term)) return direction === ATTENDED ? `${capital(token)} ← attended by: ` : `${capital(token)} → ${term === CENTRED ? "key most above the mean row" : "strongest key"}: `;
  const cell = cellText(reference, nearestCell(reference, point));
  if (direction === ATTENDED) return `Place ${cell} of ${gridText(reference)} ← attended by: `;
  if (isSimilarity(term)) return `Features at ${cell} of ${gridText(reference)}, most alike: `;
  return `Query cell ${cell} → ${term === CENTRED ? "key most above the mean row" : "strongest key"}: `;
}

// The hovered panel first, those in which no cell can be named last, and these together where they say the same:
// "SE, GC: one value for each channel".
function statusEntries(looks, hovered, reference) {
  const said = new Map(), place = ({first, text}) => first ? 0 : text.startsWith(":") ? 2 : 1;
  for (const look of looks) {
    const text = strongestText(look, reference), key = text.startsWith(":") ? text : look.panel.id, entry = said.get(key) || {labels: [], text};
    entry.labels.push(labelOf(look.panel));
    entry.first ||= look.panel.id === hovered;
    said.set(key, entry);
  }
  return [...said.values()].sort((a, b) => place(a) - place(b)).map(({labels, text}) => [labels.join(", "), text]);
}

// ---------------------------------------------------------------------------------------------------- channels

const weightOf = (map, weight) => map.rows === "distribution" ? percent(weight) : number(weight);

function relatedText(map, channel, related) {
  return `channel ${channel} → most related: channel ${related.map(([other, weight]) => `${other} (${weightOf(map, weight)})`).join(", ")}`;
}

function gateText(map, channel) {
  const value = number(map.data[channel]), {rank} = rankingOf(map);
  return `channel ${channel}: ${map.rows === "difference" ? "difference" : isAdded(map) ? "adds" : "gate"} ${value}, rank ${rank[channel]} of ${map.keys}`;
}

function spreadText({data}) {
  const {lowest, highest} = measure(data);
  return `${rangeText(lowest, highest)}, median ${number(median(data))}`;
}

function keepText({isGate}, kept) {
  if (kept !== null) return `Channel ${kept} is kept; click it again to let it go.`;
  return `Point at a ${isGate ? "bar" : "row"} to see that channel in the picture; click to keep it.`;
}

const helpText = ({isGate}) => `${isGate ? "Values of the channels" : "Matrix, a row for each channel"}. Arrow keys choose a channel, Enter keeps it.`;
