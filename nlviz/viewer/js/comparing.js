// Comparing: asks the server for a block's features when a similarity is first shown, one panel at a time, and keeps every answer.
// No page.
// Gives: createComparing.
// Takes: maps.js: callOf; similarities.js: isSimilarity, noSimilarity, decodeSimilarity; snapshots.js: epochOf.

const MOST_SIMILARITIES = 48;                         // kept, of all pictures

// now() is {scene, panels, term, chosen, isWaiting}: what is shown, and of which snapshots; onArrive() is told of each that came.
function createComparing({onSimilarity, now, onArrive}) {
  const kept = new Map();                             // name -> map
  let running = false;

  const nameOf = ({key}, panel, term) => JSON.stringify([key.picture, key.resolution ?? null, callOf(panel), epochOf(panel), term]);

  function keep(name, map) {
    kept.set(name, map);
    if (kept.size > MOST_SIMILARITIES) kept.delete(kept.keys().next().value);
  }

  function follow() {                                 // hand out what is here, ask for what is not
    const {scene, panels, term} = now();
    if (!scene || !isSimilarity(term)) return;
    for (const panel of panels) {
      panel.similarities ||= new Map();
      const map = kept.get(nameOf(scene, panel, term));
      if (map) panel.similarities.set(term, map);
    }
    if (!running) load();
  }

  function nextOne() {
    const {scene, panels, term, chosen, isWaiting} = now();
    if (!scene || !isSimilarity(term)) return null;
    const panel = panels.find(one => !isWaiting(one) && !kept.has(nameOf(scene, one, term)));
    return panel && {name: nameOf(scene, panel, term), frames: scene.picture.clip?.count, request: {key: scene.key, panel: callOf(panel), term, snapshots: chosen}};
  }

  async function load() {
    running = true;
    try {
      for (let one; (one = nextOne());) {
        try { keep(one.name, decodeSimilarity(await onSimilarity(one.request), one.request.term, one.frames)); }
        catch (error) { keep(one.name, noSimilarity(error?.message || String(error))); }
        follow();
        onArrive();
      }
    } finally { running = false; }
  }

  return {follow};
}
