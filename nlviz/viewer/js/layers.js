// Layers: the layers of layers x heads, asked of the server one after the other, those shown first.
// Gives: NOT_HERE, createLayers, sayAbsent.
// Takes: heads.js: decodeLayer; maps.js: callOf; snapshots.js: epochOf.

const NOT_HERE = "not in this file";                   // where nobody can be asked for a layer
const MOST_LAYERS = 96;                               // kept, of all pictures

function sayAbsent(panels) {
  for (const map of panels.flatMap(({maps}) => maps)) if (!map.form) map.absent = `this layer is ${NOT_HERE}`;
}

// now() is {scene, panels, chosen, isWaiting}; onArrive(panel, number) is told when a layer's weights came, onFail(panel, number, words)
// when they cannot. Without onLayer nothing is asked, and what is not here stays away.
function createLayers({onLayer, now, onArrive, onFail}) {
  const kept = new Map(), failed = new Map();         // name -> layer as sent; name -> why not
  let running = false;

  const nameOf = ({key}, panel, number) => JSON.stringify([key.picture, key.resolution ?? null, callOf(panel), epochOf(panel), number]);

  function enter(scene, panels) {                     // what was kept comes at once, the rest one by one
    for (const panel of panels.filter(one => one.stack)) {
      for (const {number} of panel.stack.layers) {
        const layer = kept.get(nameOf(scene, panel, number));
        if (layer && !panel.layers.has(number)) decodeLayer(panel, layer);
      }
    }
    setTimeout(follow);
  }

  function follow() { if (onLayer && !running) load(); }

  function nextOne() {                                // the layer of a shown map, else the deepest that is not here
    const {scene, panels, chosen} = now(), all = panels.filter(one => one.stack);
    const missing = all.map(panel => ({panel, numbers: panel.stack.layers.map(({number}) => number).filter(number =>
      !panel.layers.has(number) && !failed.has(nameOf(scene, panel, number)))})).filter(({numbers}) => numbers.length);
    const first = missing.find(({panel, numbers}) => numbers.includes(panel.map.layer));
    if (first) return {scene, chosen, panel: first.panel, number: first.panel.map.layer};
    const [{panel, numbers} = {}] = missing;
    return panel ? {scene, chosen, panel, number: numbers[numbers.length - 1]} : null;
  }

  async function load() {
    running = true;
    try {
      for (let one; now().scene && (one = nextOne());) await loadOne(one);
    } finally { running = false; }
  }

  async function loadOne({scene, chosen, panel, number}) {
    const name = nameOf(scene, panel, number);
    try {
      const {layer} = kept.has(name) ? {layer: kept.get(name)} : await onLayer({key: scene.key, panel: callOf(panel), layer: number, snapshots: chosen});
      kept.set(name, layer);
      if (kept.size > MOST_LAYERS) kept.delete(kept.keys().next().value);
      const {scene: current, panels} = now();          // perhaps of another picture by now
      for (const other of panels) {                   // panels of one network side by side share it
        if (other.stack && nameOf(current, other, number) === name && !other.layers.has(number)) { decodeLayer(other, layer); onArrive(other, number); }
      }
    } catch (error) {
      failed.set(name, error?.message || String(error));
      const {scene: current} = now();
      if (current && nameOf(current, panel, number) === name) onFail?.(panel, number, failed.get(name));
    }
  }

  const whyNot = (scene, panel, number) => onLayer ? failed.get(nameOf(scene, panel, number)) || "" : NOT_HERE;
  return {enter, whyNot, isDone: () => !onLayer || !now().scene || !nextOne()};
}
