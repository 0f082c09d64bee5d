// Heads: a layer's weights as a form for each head and one for their mean (see weights.js). No drawing, no page.
// Gives: decodeLayer.
// Takes: base64.js: floatsOf, halvesOf; weights.js: denseForm, sharedForm, dotForm, softmaxForm; terms.js: decodeTerms; frame_shares.js:
//   decodeFrames.

// Gives the panel's maps of that layer their forms, and what is said of each: {parity, entropyShare, distance, terms}.
function decodeLayer(panel, layer) {
  const own = panel.maps.filter(map => map.layer === layer.number), {what, queries, keys, isGlobal} = own[0];
  const found = headsOf(layer.weights, `${what}, weights`, isGlobal ? 1 : queries, keys);
  for (const map of own) {
    const {entropy_share: entropyShare, distance, terms} = layer.maps[map.name] || {}, alone = found[map.head ? map.head - 1 : 0];
    const whole = map.head === null && found.length > 1, {form, factors = null} = whole ? {form: meanForm(found.map(one => one.form), Math.max(queries, keys))} : alone;
    Object.assign(map, {form, factors, weights: layer.weights, parity: layer.parity, entropyShare, distance, terms: terms || null, derived: new Map()});
    if (map.isGlobal) { map.data = form.row(0, new Float32Array(keys)).slice(); map.form = sharedForm(map.data); }
    if (map.ofChannels) map.data = wholeOf(form, queries, keys);
    if (terms) map.terms = decodeTerms(map);
    map.framesMatrix = decodeFrames(layer.maps[map.name]?.frames_matrix, map);
  }
  panel.layers.set(layer.number, layer.parity);
}

function wholeOf(form, queries, keys) {                // every row, one after the other
  const data = new Float32Array(queries * keys);
  for (let i = 0; i < queries; i++) data.set(form.row(i, new Float32Array(keys)), i * keys);
  return data;
}

function headsOf({kind, heads, channels, half, ...sent}, what, queries, keys) {        // cells are the same for all heads
  const each = (name, size, read = floatsOf) => {
    const all = read(sent[name], heads * size, `${what}, ${name}`);
    return Array.from({length: heads}, (_, at) => all.subarray(at * size, (at + 1) * size));
  };
  if (kind === "dense") return each("data", queries * keys).map(data => ({form: queries === 1 ? sharedForm(data) : denseForm(data, keys)}));
  if (kind === "windows") return windowsOf(sent, heads, what);
  const vectors = half ? halvesOf : floatsOf, q = each("q", queries * channels, vectors), k = each("k", keys * channels, vectors), sums = kind === "softmax" ? each("log_sum", queries) : [];
  const cells = sent.cells ? floatsOf(sent.cells, queries, `${what}, cells`) : null;
  return q.map((own, at) => {
    const factors = {q: own, k: k[at], channels, queries, keys, logSum: sums[at] || null, cells};
    return {form: remembering(kind === "softmax" ? softmaxForm(factors) : dotForm(factors), Math.max(queries, keys)), factors};
  });
}

// The last row and the last column asked for are kept: the mean of the heads asks for what each head has shown already.
function remembering(form, size) {
  const remembered = ask => {
    const kept = new Float32Array(size);
    let last = -1, count = 0;
    return (at, out) => {
      if (last !== at || count !== out.length) { ask(at, kept.subarray(0, out.length)); last = at; count = out.length; }
      out.set(kept.subarray(0, count));
      return out;
    };
  };
  return {row: remembered(form.row), column: remembered(form.column)};
}

// ---------------------------------------------------------------------------------------------------- the mean of heads

function meanForm(forms, size) {
  const spare = new Float32Array(size);
  const mean = (ask, out) => {
    const sum = new Float64Array(out.length);
    for (const form of forms) {
      const values = ask(form, spare.subarray(0, out.length));
      for (let j = 0; j < out.length; j++) sum[j] += values[j];
    }
    for (let j = 0; j < out.length; j++) out[j] = sum[j] / forms.length;
    return out;
  };
  return {row: (query, out) => mean((form, into) => form.row(query, into), out), column: (key, out) => mean((form, into) => form.column(key, into), out)};
}

// ---------------------------------------------------------------------------------------------------- windows

function windowsOf({data, queries, keys, windows, sizes: [n, m]}, heads, what) {         // a query sees the keys of its windows
  const size = windows * n * m, all = floatsOf(data, heads * size, `${what}, data`);
  const owners = floatsOf(queries, windows * n, `${what}, queries`), seen = floatsOf(keys, windows * m, `${what}, keys`);
  const placesOf = numbers => numbers.reduce((found, one, at) => { if (one >= 0) (found[one] ||= []).push(at); return found; }, []);
  const rowsOf = placesOf(owners), columnsOf = placesOf(seen);
  return Array.from({length: heads}, (_, head) => ({form: windowsForm(all.subarray(head * size, (head + 1) * size), {n, m, owners, seen, rowsOf, columnsOf})}));
}

function windowsForm(data, {n, m, owners, seen, rowsOf, columnsOf}) {    // at: the number of a row, or of a column, of all windows
  return {
    row(query, out) {
      out.fill(0);
      for (const at of rowsOf[query] || []) for (let j = 0, first = Math.floor(at / n) * m; j < m; j++) out[seen[first + j]] += data[at * m + j];
      return out;
    },
    column(key, out) {
      out.fill(0);
      for (const at of columnsOf[key] || []) {
        const first = Math.floor(at / m) * n, j = at % m;
        for (let i = first; i < first + n; i++) if (owners[i] >= 0) out[owners[i]] += data[i * m + j];
      }
      return out;
    },
  };
}
