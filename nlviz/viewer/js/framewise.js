// Frame by frame: weights of a network of pictures that sees a clip's frames one by one: rows end at the frame's edge.
// Gives: decodeFramewise.
// Takes: base64.js: bytesOf, floatsOf; weights.js: denseForm, sharedForm, dotForm, reluSumForm, softmaxForm, countTo, countCells, crossForm.

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

// Of a softmax the frames are cells that do not see each other; of other kinds each frame has its own form.
function decodeFramewise(map, {frames, of}) {
  const {what, queries, keys} = map, n = queries / frames, m = keys / frames;
  if (of.kind === "softmax") return decodeSoftmaxes(map, {frames, of});
  const data = of.data && floatsOf(of.data, bytesOf(of.data).length / 4, `${what}, data`), share = data && data.length / frames;
  if (map.isGate && !map.ofChannels) { map.data = data; return sharedForm(data); }
  if (of.kind === "dense" && ![m, n * m].includes(share)) throw new Error(`${what}, data: expected ${n * m} float32 numbers for each of ${frames} frames, got ${share}`);
  const each = (all, at) => all.subarray(at * all.length / frames, (at + 1) * all.length / frames);
  const vectors = name => floatsOf(of[name], (name === "q" ? queries : keys) * (of.channels ?? 1), `${what}, ${name}`);
  const [q, k] = of.q ? ["q", "k"].map(vectors) : [];
  const make = {dense: at => share === m ? sharedForm(each(data, at)) : denseForm(each(data, at), m), cross: at => crossForm(each(data, at), map.keyGrid),
                dot: at => dotForm({q: each(q, at), k: each(k, at), channels: of.channels}), relu_sum: at => reluSumForm({q: each(q, at), k: each(k, at)})}[of.kind];
  if (!make) throw new Error(`${what}: unknown kind of weights “${of.kind}”`);
  return framewiseForm(Array.from({length: frames}, (_, at) => make(at)), queries, keys);
}

function decodeSoftmaxes(map, {frames, of}) {
  const {what, queries, keys} = map, n = queries / frames, m = keys / frames, {channels} = of;
  const read = (name, count) => floatsOf(of[name], count, `${what}, ${name}`), inner = of.cells ? read("cells", queries) : null, count = countCells(inner);
  const cells = countTo(queries).map(at => Math.floor(at / n) * count + (inner ? inner[at] : 0));
  const keyCells = inner ? cells : countTo(keys).map(at => Math.floor(at / m));
  map.factors = {q: read("q", queries * channels), k: read("k", keys * channels), channels, queries, keys, logSum: read("log_sum", queries), cells, keyCells};
  return softmaxForm(map.factors);
}
