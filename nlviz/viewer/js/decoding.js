// Decoding: the weights of a map as they are sent -> their form (see weights.js).
// Gives: decodeWeights.
// Takes: base64.js: floatsOf; weights.js: denseForm, sharedForm, sumForm, differenceForm, dotForm, reluSumForm, softmaxForm, crossForm, productForm;
//   framewise.js: decodeFramewise, sharedInFrames.

function decodeWeights(map, formAt) {
  const {what, weights, queries, keys, keyGrid} = map, {kind, channels = 1} = weights;
  const read = (name, count) => floatsOf(weights[name], count, `${what}, ${name}`);
  const formOf = one => typeof one === "number" ? formAt(one) : decodeWeights({...map, weights: one}, formAt);      // of its call, or sent within this one
  if (kind === "framewise") return decodeFramewise(map, weights);
  if (kind === "dense") {
    const one = map.isGlobal || map.isGate;
    map.data = read("data", (one ? 1 : queries) * keys);
    return one ? sharedForm(map.data) : denseForm(map.data, keys);
  }
  if (kind === "shared") return sharedForm(read("data", keys));
  if (kind === "difference") return differenceForm(...weights.of.map(formOf));
  if (kind === "cross") return crossForm(read("data", queries * (keyGrid.rows + keyGrid.columns)), keyGrid);
  if (kind === "framewise_sum") return sumForm(formOf(weights.of), sharedInFrames(read("shared", keys), weights.frames, queries));
  if (kind === "sum") return sumForm(...weights.of.map(formOf));
  if (kind === "product") {
    const parts = weights.of.map(formOf);
    if (!parts.every(part => part.before)) throw new Error(`${what}: a product is one of crosses`);
    return productForm(parts, queries);
  }
  const forms = {softmax: softmaxForm, dot: dotForm, relu_sum: reluSumForm};
  if (!forms[kind]) throw new Error(`${what}: unknown kind of weights “${kind}”`);
  map.factors = {q: read("q", queries * channels), k: read("k", keys * channels), channels, queries, keys,
                 logSum: kind === "softmax" ? read("log_sum", queries) : null, cells: weights.cells ? read("cells", queries) : null};
  return forms[kind](map.factors);
}
