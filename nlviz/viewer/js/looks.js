// Looks: one map seen from one point, and what is measured of it: the cell asked, the grid shown, one weight for each of its cells.
// No drawing, no page.
// Gives: ATTENDS, ATTENDED, lookFrom, hasNoQuery, rowIsDistribution, measure, entropyOf.
// Takes: geometry.js: cellAt; terms.js: FULL, CENTRED, termOf; similarities.js: isSimilarity, similarityOf; scales.js: inTimes.

const ATTENDS = "attends to", ATTENDED = "attended by";

// values is null where there is nothing to draw, see uncoveredText; without a buffer it gets an array of its own
function lookFrom(panel, {direction, term, scale, token}, point, buffer, map = panel.map) {
  if (isSimilarity(term)) return similarityFrom(panel, term, point, buffer);
  const forward = direction === ATTENDS || map.isGate, own = map.isGate ? FULL : term;
  const look = {panel, map, direction: forward ? ATTENDS : direction, term: own, point, token: "", values: null, entropy: null, shares: []};
  if (map.ofChannels) return map.form ? look : Object.assign(look, {reason: termOf(map, FULL).reason, asked: -1});
  if (token && !isForAll(look)) return tokenFrom(look, token, scale, buffer);
  const form = termOf(map, own), askedGrid = (forward ? map.queryGrid : map.keyGrid) || map.keyGrid;
  const shownGrid = forward ? map.keyGrid : map.queryGrid, asked = cellAt(askedGrid, point);
  Object.assign(look, {askedGrid, asked, shownGrid, scratches: map.scratches, reason: form.reason || nowhere(map, forward), centred: isCentred(map, own)});
  look.inTimes = inTimes(look, scale);
  if (look.reason) return Object.assign(look, {asked: map.queryGrid ? asked : -1});
  if (asked < 0 && !hasNoQuery(look)) return look;
  return filled(look, form, asked, buffer);
}

// Where every query is a named token, a place has no row, and a key's column lies nowhere in the picture.
function nowhere(map, forward) {
  if (map.queryGrid || map.isGate || map.isGlobal || !map.queryTokens.length) return "";
  return forward ? "only named tokens ask here: choose one under Query" : "only named tokens ask here, which have no place";
}

// A named token asks instead of the place: its row, or its column.
function tokenFrom(look, token, scale, buffer) {
  const {map, direction, term} = look, forward = direction === ATTENDS, names = forward ? map.queryTokens : map.keyTokens;
  const at = names.indexOf(token), form = termOf(map, term), others = (forward ? map.queries : map.keys) - names.length;
  Object.assign(look, {askedGrid: forward ? map.queryGrid : map.keyGrid, asked: -1, shownGrid: forward ? map.keyGrid : map.queryGrid, token,
                       scratches: map.scratches, reason: at < 0 ? `no ${token} here` : form.reason || (forward ? "" : nowhere(map, false)), centred: isCentred(map, term)});
  look.inTimes = inTimes(look, scale);
  return look.reason || !look.shownGrid ? look : filled(look, form, others + at, buffer);
}

function filled(look, form, asked, buffer) {          // all weights, and those of the positions among them
  const {map, direction, shownGrid} = look, forward = direction === ATTENDS, size = Math.max(shownGrid.size, forward ? map.keys : map.queries);
  const all = form[forward ? "row" : "column"](asked, buffer ? buffer.subarray(0, size) : new Float32Array(size));
  look.values = all.subarray(0, shownGrid.size);
  look.whole = all;
  look.shares = (forward ? map.keyTokens : map.queryTokens).map((name, at) => ({name, share: all[shownGrid.size + at]}));
  Object.assign(look, measure(look.values));
  if (rowIsDistribution(look)) look.entropy = entropyShare(all);
  return look;
}

const isForAll = ({map, direction}) => map.isGate || (map.isGlobal && direction === ATTENDS);

function similarityFrom(panel, term, point, buffer) {         // the same in both directions
  const map = similarityOf(panel, term), {queryGrid: grid, reason, scratches} = map, asked = grid ? cellAt(grid, point) : -1;
  const look = {panel, map, direction: ATTENDS, term, point, values: null, entropy: null, askedGrid: grid, asked, shownGrid: grid,
                scratches, reason, alike: true};
  if (asked < 0) return look;
  look.values = map.form.row(asked, buffer ? map.buffer : new Float32Array(grid.size));
  return Object.assign(look, measure(look.values, asked));
}

const isCentred = (map, term) => term === CENTRED || map.rows === "difference";
const hasNoQuery = look => Boolean(look.token) || isForAll(look);      // no place asks
const rowIsDistribution = ({map, direction, centred}) => direction === ATTENDS && map.rows === "distribution" && !centred;

// ---------------------------------------------------------------------------------------------------- measures

function measure(values, but = -1) {                  // the strongest of all but one
  let lowest = Infinity, highest = -Infinity, strongest = 0;
  for (let j = 0; j < values.length; j++) {
    const value = values[j];
    if (value < lowest) lowest = value;
    if (value > highest && j !== but) { highest = value; strongest = j; }
  }
  return {lowest, highest, strongest};
}

function entropyOf(values) {                          // in nats, with 0 ln 0 = 0
  let entropy = 0;
  for (let j = 0; j < values.length; j++) if (values[j] > 0) entropy -= values[j] * Math.log(values[j]);
  return entropy;
}

// H / ln N': 1 is uniform, 0 is one key alone
const entropyShare = values => values.length > 1 ? entropyOf(values) / Math.log(values.length) : null;
