// By layer: a number of each head of a network, asked of the server for one layer at a time, the one shown first, for as long as
// somebody looks and nobody stops it; what was asked once is not asked again. No page.
// Gives: createByLayer.
// Takes: maps.js: callOf; snapshots.js: epochOf.

// ask(request): {maps: [{name, reason, ...}]}, may be absent; now() is {scene, panels, chosen}; isWanted(panel): whether somebody looks;
// onChange() is told of every answer.
function createByLayer({ask, now, isWanted, onChange}) {
  const records = new Map(), stopped = new Set();     // name -> {maps: Map(name -> {reason, ...}), error}; networks
  let running = "";

  const nameOf = (panel, layer) => {
    const {key} = now().scene;
    return JSON.stringify([key.picture, key.resolution ?? null, callOf(panel), epochOf(panel), layer]);
  };
  const recordOf = (panel, layer) => records.get(nameOf(panel, layer));
  const numberOf = (panel, map) => recordOf(panel, map.layer)?.maps.get(map.name) || null;
  const errorsOf = panel => [...new Set(panel.stack.layers.map(({number}) => recordOf(panel, number)?.error).filter(Boolean))];
  const doneOf = panel => panel.stack.layers.filter(({number}) => recordOf(panel, number)).length;

  function nextOne() {
    const {scene, panels} = now();
    if (!scene || !ask) return null;
    for (const panel of panels.filter(one => one.stack && !stopped.has(callOf(one)) && isWanted(one))) {
      const layers = [panel.map.layer, ...panel.stack.layers.map(({number}) => number)], layer = layers.find(number => !recordOf(panel, number));
      if (layer) return {panel, layer};
    }
    return null;
  }

  async function measure({panel, layer}) {
    const name = nameOf(panel, layer), {scene, chosen} = now();
    try {
      const {maps} = await ask({key: scene.key, panel: callOf(panel), layer, snapshots: chosen()});
      records.set(name, {maps: new Map(maps.map(map => [map.name, map])), error: ""});
    } catch (error) { records.set(name, {maps: new Map(), error: error?.message || String(error)}); }
  }

  async function follow() {                           // whenever what is shown, or looked at, has changed
    if (running) return;
    try {
      for (let one; (one = nextOne());) {
        running = callOf(one.panel);
        onChange();
        await measure(one);
      }
    } finally { running = ""; }
    onChange();
  }

  function again(panel) {                             // what failed is asked for anew
    for (const {number} of panel.stack.layers) if (recordOf(panel, number)?.error) records.delete(nameOf(panel, number));
    follow();
  }

  function stop(panel, stops) {                       // after the layer that is under way; or go on
    if (stops) stopped.add(callOf(panel)); else stopped.delete(callOf(panel));
    if (stops) onChange(); else follow();
  }

  function progressText(panel) {
    const {layers} = panel.stack, done = doneOf(panel);
    return running === callOf(panel) && done < layers.length ? `measuring layer ${done + 1} of ${layers.length}` : "";
  }

  return {follow, again, stop, numberOf, errorsOf, progressText, isMeasuring: () => Boolean(running), isStopped: panel => stopped.has(callOf(panel)),
          isDone: panel => doneOf(panel) === panel.stack.layers.length, isOffered: Boolean(ask)};
}
