// A viewer that asks nobody: what the server would answer lies in the page.
// Takes: viewer.js: createViewer.
const data = JSON.parse(document.getElementById("nlviz-data").textContent), root = document.querySelector(".nlviz-root");

function onDepends({panel, map, step}) {
  const answer = data.depends[panel]?.[map]?.[step] ?? {error: "not measured in this file"};
  if (answer.error) throw new Error(answer.error);
  return answer;
}

function onEffect({network}) {
  const {error, ...answer} = data.effects[network];
  if (error) throw new Error(error);
  return answer;
}

function onSimilarity({panel, term}) { return data.similarities[panel][term]; }

// Weights whose large arrays are float16, as the viewer takes them.
function inFull(weights) {
  for (const name of weights.half ?? []) weights[name] = textOf(floatsOfHalves(atob(weights[name])));
  if (weights.of?.kind) inFull(weights.of);
}

function floatsOfHalves(raw) {                        // finite float16 numbers, low byte first, as float32
  const found = new Float32Array(raw.length / 2);
  for (let i = 0; i < found.length; i++) {
    const bits = raw.charCodeAt(2 * i) | raw.charCodeAt(2 * i + 1) << 8, exponent = bits >> 10 & 31, share = bits & 1023;
    const size = exponent ? 2 ** (exponent - 25) * (1024 + share) : 2 ** -24 * share;
    found[i] = bits & 32768 ? -size : size;
  }
  return found;
}

function textOf({buffer}) {
  const bytes = new Uint8Array(buffer);
  if (bytes.toBase64) return bytes.toBase64();
  let raw = "";
  for (let i = 0; i < bytes.length; i += 8192) raw += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return window.btoa(raw);
}

for (const panel of data.scene.panels) for (const {weights} of panel.maps) if (weights) inFull(weights);
const viewer = root.parentElement.viewer = createViewer(root, {colourMaps: data.colourMaps, diverging: data.diverging, onDepends, onSimilarity, onEffect});
viewer.show(data.scene);
viewer.restore(data.view);
