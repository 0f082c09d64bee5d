// Terms: what a map is made of, as forms of their own (see weights.js). Each is prepared when it is first asked for.
// Gives: TERMS, FULL, CENTRED, decodeTerms, termOf.
// Takes: base64.js: floatsOf; weights.js: sharedForm, dotOf, softmaxForm, countCells.

const TERMS = ["full", "pairwise only", "unary only", "row minus the mean row"], [FULL, PAIRWISE, UNARY, CENTRED] = TERMS;

function decodeTerms({what, keys, queries, factors, terms}) {
  const read = (name, count) => floatsOf(terms[name], count, `${what}, ${name}`), found = {meanRow: read("mean_row", keys)};
  if (!terms.q_mean) return found;
  const cells = countCells(factors.cells);
  return {...found, qMean: read("q_mean", cells * factors.channels), unaryLogSum: read("unary_log_sum", cells),
          pairwiseLogSum: read("pairwise_log_sum", queries)};
}

function termOf(map, term) {                          // {row, column}, or {reason} where the map has no such term
  if (!map.form) return {reason: map.absent || "this layer is on its way"};
  if (!map.derived.has(term)) map.derived.set(term, deriveTerm(map, term));
  return map.derived.get(term);
}

function deriveTerm({form, terms, factors, isGlobal, isGate}, term) {
  if (term === FULL || isGate || (isGlobal && term === UNARY)) return form;
  if (isGlobal) return term === CENTRED ? sharedForm(form.row().slice().fill(0)) : {reason: "one map for every query: nothing in it is pairwise"};
  if (term === CENTRED && terms) return centredForm(form, terms.meanRow);
  if (!terms?.qMean) return {reason: "not a softmax over q · k, so it has no pairwise and unary term"};
  return term === PAIRWISE ? pairwiseForm(factors, terms) : unaryForm(factors, terms);
}

function pairwiseForm(factors, {qMean, pairwiseLogSum}) {                // softmax_j((q_i - mean of q) . k_j)
  const {channels, cells} = factors, q = factors.q.slice();
  for (let i = 0, p = 0; i < factors.queries; i++) {
    for (let n = 0, from = cells ? cells[i] * channels : 0; n < channels; n++, p++) q[p] -= qMean[from + n];
  }
  return softmaxForm({...factors, q, logSum: pairwiseLogSum});
}

function unaryForm({k, channels, cells, keyCells = cells, keys}, {qMean, unaryLogSum}) {       // softmax_j(mean of q . k_j): the same row within a cell
  const row = new Float32Array(keys);
  for (let j = 0; j < keys; j++) {
    const cell = cells ? keyCells[j] : 0;
    row[j] = Math.exp(dotOf(k, j, qMean, cell, channels) - unaryLogSum[cell]);
  }
  if (!cells) return sharedForm(row);
  return {
    row(query, out) { for (let j = 0; j < keys; j++) out[j] = keyCells[j] === cells[query] ? row[j] : 0; return out; },
    column(key, out) { for (let i = 0; i < keys; i++) out[i] = cells[i] === keyCells[key] ? row[key] : 0; return out; },
  };
}

const ROUNDING = 1e-5;  // of float32 sums, relative: rows that differ by less are the same row, and must look it

function difference(value, mean) {
  const found = value - mean;
  return Math.abs(found) <= ROUNDING * Math.max(Math.abs(value), Math.abs(mean)) ? 0 : found;
}

function centredForm(form, meanRow) {
  return {
    row(query, out) {
      const values = form.row(query, out);
      for (let j = 0; j < out.length; j++) out[j] = difference(values[j], meanRow[j]);
      return out;
    },
    column(key, out) {
      const values = form.column(key, out);
      for (let i = 0; i < out.length; i++) out[i] = difference(values[i], meanRow[key]);
      return out;
    },
  };
}
