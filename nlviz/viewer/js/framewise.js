// Frame by frame: weights of a network of pictures that sees a clip's frames one by one: rows end at the frame's edge.
// Gives: decodeFramewise, sharedInFrames.
// Takes: base64.js: floatsOf; weights.js: denseForm, sharedForm, dotForm, reluSumForm, softmaxForm, countTo, crossForm.

// A form for each frame, one after the other.
function framewiseForm(forms, queries, keys) {
  const n = queries / forms.length, m = keys / forms.length, part = (all, size, at) => all.subarray(at * size, (at + 1) * size);
  const put = (values, into) => { if (values !== into) into.set(values); };
  const one = (ask, own, others) => (at, out) => {
    const frame = Math.floor(at / own), into = part(out, others, frame);
    out.fill(0);
    put(ask(forms[frame], at - frame * own, into), into);
    return out;
  };
  const each = (ask, own, others) => (values, out) => {
    forms.forEach((form, at) => put(ask(form, part(values, own, at), part(out, others, at)), part(out, others, at)));
    return out;
  };
  return {row: one((form, at, out) => form.row(at, out), n, m), column: one((form, at, out) => form.column(at, out), m, n),
          before: forms[0].before && each((form, values, out) => form.before(values, out), n, m),
          after: forms[0].after && each((form, values, out) => form.after(values, out), m, n)};
}

// A row for each frame, the same for every query of it.
function sharedInFrames(data, frames, queries) {
  const m = data.length / frames;
  return framewiseForm(Array.from({length: frames}, (_, at) => sharedForm(data.subarray(at * m, (at + 1) * m))), queries, data.length);
}

// Of a softmax the frames are cells that do not see each other; of other kinds each frame has its own form.
function decodeFramewise(map, {frames, of}) {
  const {what, queries, keys, keyGrid} = map, n = queries / frames, m = keys / frames, {kind, channels = 1} = of;
  if (kind === "softmax") return decodeSoftmaxes(map, {frames, of});
  const read = (name, count) => floatsOf(of[name], count, `${what}, ${name}`), ofFrame = (all, at) => all.subarray(at * all.length / frames, (at + 1) * all.length / frames);
  const each = make => framewiseForm(Array.from({length: frames}, (_, at) => make(at)), queries, keys);
  if (kind === "dense") { const data = read("data", queries * m); return each(at => denseForm(ofFrame(data, at), m)); }
  if (kind === "cross") { const data = read("data", frames * n * (keyGrid.rows + keyGrid.columns)); return each(at => crossForm(ofFrame(data, at), keyGrid)); }
  const form = {dot: dotForm, relu_sum: reluSumForm}[kind];
  if (!form) throw new Error(`${what}: unknown kind of weights “${kind}”`);
  const q = read("q", queries * channels), k = read("k", keys * channels);
  return each(at => form({q: ofFrame(q, at), k: ofFrame(k, at), channels}));
}

function decodeSoftmaxes(map, {frames, of}) {
  const {what, queries, keys} = map, n = queries / frames, m = keys / frames, {channels} = of;
  const read = (name, count) => floatsOf(of[name], count, `${what}, ${name}`), cells = countTo(queries).map(at => Math.floor(at / n)), keyCells = countTo(keys).map(at => Math.floor(at / m));
  map.factors = {q: read("q", queries * channels), k: read("k", keys * channels), channels, queries, keys, logSum: read("log_sum", queries), cells, keyCells};
  return softmaxForm(map.factors);
}
