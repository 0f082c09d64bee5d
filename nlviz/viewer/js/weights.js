// Weights: rows and columns of a map in every form in which it comes. No drawing, no page.
// Gives: denseForm, sharedForm, sumForm, differenceForm, dotOf, dotForm, reluSumForm, softmaxForm, countTo, countCells, crossForm, productForm.
//
// A form is {row(query, out), column(key, out)}: all the weights of one query, and what every query gives one key. Both return
// the array to read: `out`, or the map's own data, which nobody may change.

// ---------------------------------------------------------------------------------------------------- dense and shared

function denseForm(data, keys) {
  return {
    row: query => data.subarray(query * keys, (query + 1) * keys),
    column(key, out) { for (let i = 0; i < out.length; i++) out[i] = data[i * keys + key]; return out; },
  };
}

const sharedForm = data => ({row: () => data, column: (key, out) => out.fill(data[key])});           // one row for every query

const sumForm = (form, other) => joinedForm(form, other, 1);
const differenceForm = (form, other) => joinedForm(form, other, -1);

function joinedForm(form, other, factor) {            // form + factor * other
  let spare = new Float32Array(0);
  function joined(values, ask, out) {
    if (spare.length !== out.length) spare = new Float32Array(out.length);
    const more = ask(spare);
    for (let j = 0; j < out.length; j++) out[j] = values[j] + factor * more[j];
    return out;
  }
  return {
    row: (query, out) => joined(form.row(query, out), into => other.row(query, into), out),
    column: (key, out) => joined(form.column(key, out), into => other.column(key, into), out),
  };
}

// ---------------------------------------------------------------------------------------------------- queries and keys

function dotOf(a, i, b, j, channels) {                  // a_i . b_j
  const whole = channels - channels % 4;
  let p = i * channels, r = j * channels, s = 0, t = 0, u = 0, v = 0, n = 0;
  for (; n < whole; n += 4, p += 4, r += 4) {
    s += a[p] * b[r]; t += a[p + 1] * b[r + 1]; u += a[p + 2] * b[r + 2]; v += a[p + 3] * b[r + 3];
  }
  for (; n < channels; n++, p++, r++) s += a[p] * b[r];
  return s + t + u + v;
}

function dotForm({q, k, channels}) {
  const all = (own, at, others, out) => { for (let j = 0; j < out.length; j++) out[j] = dotOf(others, j, own, at, channels); return out; };
  return {row: (query, out) => all(q, query, k, out), column: (key, out) => all(k, key, q, out)};
}

function reluSumForm({q, k}) {
  const all = (own, others, out) => { for (let j = 0; j < out.length; j++) out[j] = Math.max(0, own + others[j]); return out; };
  return {row: (query, out) => all(q[query], k, out), column: (key, out) => all(k[key], q, out)};
}

function softmaxForm({q, k, channels, logSum, cells, keyCells = cells, queries, keys}) {       // a query sees the keys of its own cell alone
  const asking = cells && membersOf(cells), seen = cells && (keyCells === cells ? asking : membersOf(keyCells));
  const allQueries = !cells && countTo(queries), allKeys = !cells && countTo(keys);
  return {
    row(query, out) {
      const inside = seen ? seen[cells[query]] : allKeys;
      let highest = -Infinity, sum = 0;
      out.fill(0);
      for (let n = 0; n < inside.length; n++) {
        const value = out[inside[n]] = dotOf(k, inside[n], q, query, channels);
        if (value > highest) highest = value;
      }
      for (let n = 0; n < inside.length; n++) sum += out[inside[n]] = Math.exp(out[inside[n]] - highest);
      for (let n = 0; n < inside.length; n++) out[inside[n]] /= sum;
      return out;
    },
    column(key, out) {
      const inside = asking ? asking[keyCells[key]] : allQueries;
      out.fill(0);
      for (let n = 0; n < inside.length; n++) out[inside[n]] = Math.exp(dotOf(q, inside[n], k, key, channels) - logSum[inside[n]]);
      return out;
    },
  };
}

const countTo = count => Int32Array.from({length: count}, (_, at) => at);
const countCells = cells => cells ? cells.reduce((most, cell) => Math.max(most, cell), 0) + 1 : 1;

function membersOf(cells) {                           // the positions of each cell
  const members = Array.from({length: countCells(cells)}, () => []);
  cells.forEach((cell, at) => members[cell].push(at));
  return members.map(list => Int32Array.from(list));
}

// ---------------------------------------------------------------------------------------------------- crosses

function crossForm(data, {rows, columns}) {           // data: N x (H + W), the weights of the query's column, then of its row
  const wide = rows + columns, positions = rows * columns;
  function add(query, share, out) {                   // out += share times the query's row
    const row = Math.floor(query / columns), column = query % columns;
    let p = query * wide;
    for (let j = column; j < positions; j += columns) out[j] += share * data[p++];
    for (let j = row * columns, end = j + columns; j < end; j++) out[j] += share * data[p++];
  }
  return {
    row(query, out) { out.fill(0); add(query, 1, out); return out; },
    column(key, out) {
      const row = Math.floor(key / columns), column = key % columns;
      out.fill(0);
      for (let i = column; i < positions; i += columns) out[i] += data[i * wide + row];
      for (let i = row * columns, end = i + columns; i < end; i++) out[i] += data[i * wide + rows + column];
      return out;
    },
    before(values, out) {                             // values times this map, 1 x N
      out.fill(0);
      for (let i = 0; i < positions; i++) if (values[i]) add(i, values[i], out);
      return out;
    },
    after(values, out) {                              // this map times values, N x 1
      for (let i = 0, p = 0; i < positions; i++) {
        let sum = 0;
        for (let j = i % columns; j < positions; j += columns) sum += data[p++] * values[j];
        for (let j = i - i % columns, end = j + columns; j < end; j++) sum += data[p++] * values[j];
        out[i] = sum;
      }
      return out;
    },
  };
}

function productForm(parts, size) {                   // the first part leftmost; the last step writes to `out`
  const spare = new Float32Array(size), last = parts.length - 1, turn = (step, out) => (last - step) % 2 ? spare : out;
  return {
    row: (query, out) => parts.reduce((values, part, step) =>
      step ? part.before(values, turn(step, out)) : part.row(query, turn(step, out)), null),
    column: (key, out) => parts.reduceRight((values, part, step) =>
      step < last ? part.after(values, turn(last - step, out)) : part.column(key, turn(0, out)), null),
  };
}
