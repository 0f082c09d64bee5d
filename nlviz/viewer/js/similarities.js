// Similarities: how alike a block's features are at two places, as a map beside those of a panel. No drawing, no page.
// Gives: SIMILARITIES, isSimilarity, similarityOf, noSimilarity, decodeSimilarity.
// Takes: base64.js: halvesOf; geometry.js: gridOf; weights.js: dotForm.

const SIMILARITIES = ["input similarity", "output similarity"];
const isSimilarity = term => SIMILARITIES.includes(term);

const NONE = {name: "", rows: "similarity", isGate: false, ofChannels: false, isGlobal: false, keys: 0, queryGrid: null, keyGrid: null,
              derived: new Map(), buffer: new Float32Array(0)};
const noSimilarity = reason => ({...NONE, reason});
const WAITING = noSimilarity("the features are on their way");

const similarityOf = (panel, term) => panel.similarities?.get(term) || WAITING;

function decodeSimilarity({reason, grid: shape, place, channels, data}, term, frames) {
  if (reason) return noSimilarity(reason);
  const grid = gridOf(shape, place, frames), unit = halvesOf(data, grid.size * channels, term);    // a vector of length 1 for each position
  return {...NONE, name: term, keys: grid.size, queryGrid: grid, keyGrid: grid, form: dotForm({q: unit, k: unit, channels}),
          scratches: new Map(), buffer: new Float32Array(grid.size)};
}
