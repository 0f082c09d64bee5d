// Scales: which value gets which of 256 colours, and how much of the photo it covers. figures/scales.py has the same rules.
// Gives: TIMES, SHARED, OWN, RISING, EVEN, inTimes, centredScale, timesScale, sharedScales, scaleOf, isFlat, logsOf, shareBelow, opacitiesOf,
//   tickText, ticksOf.
// Takes: maps.js: networkOf.
//
// A scale is {low, high}, the values of the first and the last colour. centred: zero has the middle one. times: logarithmic, low
// and high are log2 of times uniform, weight x N′, so that one scale has one meaning for grids of every size.

const TIMES = "times uniform", SHARED = "shared", OWN = "per panel", RISING = "rising", EVEN = "even";
const LOWEST = -4;                                     // log2 of 1/16: most attention below that is the tail of a softmax
const LEAST_TOP = 2;                                   // of 4 times: where nothing is above it, colours stay low and a flat map looks flat
const RISE = 2, PART = 0.25;                           // the veil is full from 4 times on; linear: from a quarter of the scale on

const ALIKE = {low: -1, high: 1, centred: true};       // cosine similarity

const inTimes = ({map, centred}, chosen) => chosen === TIMES && map.rows === "distribution" && !map.isGate && !centred;

// ---------------------------------------------------------------------------------------------------- from where to where

const scaleKind = ({map}) => map.isGate && map.rows !== "difference" ? "gate" : map.rows;
const centredScale = (low, high) => ({low: -Math.max(-low, high), high: Math.max(-low, high), centred: true});
const timesScale = (highest, before = LEAST_TOP) => ({low: LOWEST, high: Math.max(LEAST_TOP, before, Math.log2(highest)), times: true});

function sharedScales(looks, chosen) {                // one scale per kind of rows; on a linear one is zero always; null for "per panel"
  if (chosen === OWN) return null;
  const scales = new Map();
  for (const look of looks) {
    if (!look.values) continue;
    const kind = scaleKind(look), scale = scales.get(kind) || {low: 0, high: 0, networks: new Set()};
    Object.assign(scale, widened(scale, look));
    scale.networks.add(networkOf(look.panel));
    scales.set(kind, scale);
  }
  return scales;
}

function widened({low, high}, look) {
  if (look.alike) return ALIKE;
  if (look.inTimes) return timesScale(look.highest * look.map.keys, high);
  const wider = [Math.min(low, look.lowest), Math.max(high, look.highest)];
  return look.centred ? centredScale(...wider) : {low: wider[0], high: wider[1]};
}

function scaleOf(look, shared) {
  if (shared) return shared.get(scaleKind(look));
  if (look.alike) return ALIKE;
  return look.centred ? centredScale(look.lowest, look.highest) : {low: look.lowest, high: look.highest};
}

// Differences within float32 rounding are no structure: such a map is drawn in one colour.
const isFlat = ({low, high}) => !(high - low > 1e-6 * Math.max(Math.abs(low), Math.abs(high)));

// ---------------------------------------------------------------------------------------------------- logarithms

function logsOf(weights, keys, {low}, out) {          // what is below the lower end has its colour
  for (let j = 0; j < weights.length; j++) {
    const value = Math.log2(weights[j] * keys);
    out[j] = value < low ? low : value;
  }
  return out;
}

function shareBelow(weights, keys) {                  // of cells below the lower end
  const least = 2 ** LOWEST / keys;
  let below = 0;
  for (let j = 0; j < weights.length; j++) if (weights[j] < least) below++;
  return below / weights.length;
}

const tickText = power => power < 0 ? `1/${2 ** -power}×` : `${2 ** power}×`;

function ticksOf({low, high, times}) {                // [share of the way, words]; the lower end is written beside the bar
  if (!times) return [];
  const step = high >= 4 ? 4 : 2, powers = Array.from({length: Math.floor((high - low) / step)}, (_, at) => low + (at + 1) * step);
  return powers.map(power => [(power - low) / (high - low), tickText(power)]);
}

// ---------------------------------------------------------------------------------------------------- the veil

// How much of the photo each of the 256 colours covers, 0 to 1, where the veil rises: on a logarithmic scale nothing up to 1 times,
// all from 4 times on; on a linear one from the value nearest to zero to a quarter of the way to the farther end. A colour has the
// opacity of its value nearest to the bare one, so that nothing bare is coloured.
function opacitiesOf(scale) {
  const {low, high, times} = scale, bare = times ? 0 : Math.min(Math.max(0, low), high), step = (high - low) / 256;
  const far = times ? RISE : PART * Math.max(high - bare, bare - low), opacities = new Float64Array(256);
  if (isFlat(scale)) return opacities;
  for (let i = 0; i < 256; i++) {
    const above = low + i * step - bare, below = times ? 0 : bare - (low + (i + 1) * step);
    opacities[i] = Math.min(1, Math.max(0, above, below) / far);
  }
  return opacities;
}
