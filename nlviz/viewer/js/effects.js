// Effects: what each network says with its maps replaced, asked of the server one request at a time: first as chosen, then, once the
// layers are here, with one map for all queries. Every answer is kept. No page.
// Gives: MEAN_ROW, createEffects.
// Takes: maps.js: networkOf; snapshots.js: epochOf.

const MEAN_ROW = "mean row", MOST_EFFECTS = 96;       // kept, of all pictures

// onEffect(request) and onWhatIf(request): {sentence, reason, prediction}, the first for the mean row, either may be absent; now() is
// {scene, panels, how, chosen, isWaiting, isBusy}; onArrive() is told of each answer.
function createEffects({onEffect, onWhatIf, now, onArrive}) {
  const kept = new Map();                             // name -> answer, or {error}
  let running = false, timer = 0;

  const nameOf = ({key}, panel, how) => JSON.stringify([key.picture, key.resolution ?? null, networkOf(panel), epochOf(panel), how]);
  const asks = how => how === MEAN_ROW ? onEffect : onWhatIf;

  // What is known; null while it is on its way, also where another snapshot is.
  const effectOf = (panel, how) => kept.get(nameOf(now().scene, panel, how)) || null;

  function follow() {                                 // after the next draw
    timer ||= setTimeout(() => { timer = 0; if (!running) load(); });
  }

  function again() { for (const [name, {error}] of kept) if (error) kept.delete(name); }

  const lacks = (scene, panel, how) => panel.runs !== false && !kept.has(nameOf(scene, panel, how));

  function isAsking() {                               // whether an answer for what is shown is still to come
    const {scene, panels, how} = now();
    return Boolean(scene) && [how, MEAN_ROW].some(wanted => wanted && asks(wanted) && panels.some(one => lacks(scene, one, wanted)));
  }

  function nextOne() {
    const {scene, panels, how, chosen, isWaiting, isBusy} = now();
    if (!scene) return null;
    for (const wanted of [how, ...(isBusy ? [] : [MEAN_ROW])]) {
      const panel = wanted && asks(wanted) && panels.find(one => lacks(scene, one, wanted) && !isWaiting(one));
      if (panel) return {name: nameOf(scene, panel, wanted), request: {key: scene.key, network: networkOf(panel), how: wanted, snapshots: chosen}};
    }
    return null;
  }

  function keep(name, answer) {
    kept.set(name, answer);
    if (kept.size > MOST_EFFECTS) kept.delete(kept.keys().next().value);
  }

  async function load() {
    running = true;
    try {
      for (let one; (one = nextOne());) {
        try { keep(one.name, await asks(one.request.how)(one.request)); } catch (error) { keep(one.name, {error: error?.message || String(error)}); }
        onArrive();
      }
    } finally { running = false; }
  }

  return {follow, again, effectOf, isAsking};
}
