// Stack shares: how much each head of a network depends on the query. The server is asked for one layer at a time, the one shown
// first, for as long as somebody looks; what was asked once is not asked again. No page.
// Gives: createShares.
// Takes: maps.js: callOf; snapshots.js: epochOf.

// now() is {scene, panels, chosen}; isWanted(panel): whether somebody looks at its shares; onChange() is told of every answer.
function createShares({onDependsLayer, now, isWanted, onChange}) {
  const records = new Map();                          // name -> {maps: Map(name -> {share, reason, ...}), error}
  let running = "";

  const nameOf = (panel, layer) => {
    const {key} = now().scene;
    return JSON.stringify([key.picture, key.resolution ?? null, callOf(panel), epochOf(panel), layer]);
  };
  const recordOf = (panel, layer) => records.get(nameOf(panel, layer));
  const shareOf = (panel, map) => recordOf(panel, map.layer)?.maps.get(map.name) || null;
  const errorsOf = panel => [...new Set(panel.stack.layers.map(({number}) => recordOf(panel, number)?.error).filter(Boolean))];

  function nextOne() {
    const {scene, panels} = now();
    if (!scene || !onDependsLayer) return null;
    for (const panel of panels.filter(one => one.stack && isWanted(one))) {
      const layers = [panel.map.layer, ...panel.stack.layers.map(({number}) => number)], layer = layers.find(number => !recordOf(panel, number));
      if (layer) return {panel, layer};
    }
    return null;
  }

  async function measure({panel, layer}) {
    const name = nameOf(panel, layer), {scene, chosen} = now();
    try {
      const {maps} = await onDependsLayer({key: scene.key, panel: callOf(panel), layer, snapshots: chosen()});
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

  function progressText(panel) {
    const {layers} = panel.stack, done = layers.filter(({number}) => recordOf(panel, number)).length;
    return running === callOf(panel) && done < layers.length ? `measuring layer ${done + 1} of ${layers.length}` : "";
  }

  return {follow, again, shareOf, errorsOf, progressText, isMeasuring: () => Boolean(running), isOffered: Boolean(onDependsLayer)};
}
