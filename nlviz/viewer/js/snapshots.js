// Snapshots of training: the panels of a network as they were after other epochs. An epoch belongs to a network: all its panels go
// together, and it outlives the scene. One request at a time: what a slider waits for, then the other epochs of sliders in use.
// Gives: epochOf, createSnapshots, epochText, epochSlider.
// Takes: maps.js: networkOf, decodePanel; parts.js: element, setText; curves.js: createCurves.

const MOST_SNAPSHOTS = 96;                            // panels kept, of all pictures

const epochOf = ({snapshots}) => snapshots ? snapshots.epochs[snapshots.chosen] : null;
const lastEpoch = ({snapshots}) => snapshots.epochs[snapshots.epochs.length - 1];

// now() is {scene, panels}, what is shown; onShow(panels) shows others in their place; onChange() is told when what is waited for
// changed; onFail(message).
function createSnapshots({onSnapshot, now, onShow, onChange, onFail}) {
  const wanted = new Map(), kept = new Map(), asked = new Set(), used = new Set();         // wanted: network -> epoch
  let loading = false, picture = "";

  const pictureOf = ({key}) => JSON.stringify([key.picture, key.resolution ?? null]);
  const nameOf = (scene, {id}, epoch) => JSON.stringify([pictureOf(scene), id, epoch]);
  const keptAt = (scene, panel, epoch) => kept.get(nameOf(scene, panel, epoch));
  const withSnapshots = panels => panels.filter(panel => panel.snapshots);

  function wantedOf(panel) {
    const epoch = wanted.get(networkOf(panel));
    return panel.snapshots.epochs.includes(epoch) ? epoch : epochOf(panel);
  }

  const isWaiting = panel => Boolean(onSnapshot && panel.snapshots) && wantedOf(panel) !== epochOf(panel);

  function isReady(scene, panels, panel) {            // every panel of its network is here
    const own = withSnapshots(panels).filter(other => networkOf(other) === networkOf(panel));
    return own.every(other => keptAt(scene, other, wantedOf(other)));
  }

  function keep(scene, panel) {
    const name = nameOf(scene, panel, epochOf(panel));
    kept.delete(name);                                // the one kept last goes last
    kept.set(name, panel);
    if (kept.size > MOST_SNAPSHOTS) kept.delete(kept.keys().next().value);
  }

  function enter(scene, panels) {                     // a new scene's panels, at the epochs chosen before where they are here
    if (picture !== pictureOf(scene)) used.clear();
    picture = pictureOf(scene);
    withSnapshots(panels).forEach(panel => keep(scene, panel));
    const found = panels.map(panel => isWaiting(panel) && isReady(scene, panels, panel) ? keptAt(scene, panel, wantedOf(panel)) : panel);
    setTimeout(follow);
    return found;
  }

  function choose(panel, at) {
    wanted.set(networkOf(panel), panel.snapshots.epochs[at]);
    used.add(networkOf(panel));
    follow();
  }

  function restore(epochs) {                          // {network: epoch}; a network that is not named is at its last
    for (const panel of withSnapshots(now().panels)) {
      const epoch = epochs[networkOf(panel)] ?? lastEpoch(panel);
      if (panel.snapshots.epochs.includes(epoch)) wanted.set(networkOf(panel), epoch);
    }
    follow();
  }

  function follow() {                                 // show what is here, ask for what is not
    const {scene, panels} = now();
    if (!scene) return;
    const ready = panels.filter(panel => isWaiting(panel) && isReady(scene, panels, panel)).map(panel => keptAt(scene, panel, wantedOf(panel)));
    if (ready.length) onShow(ready);
    onChange();
    if (onSnapshot && !loading) load();
  }

  function nextOne() {
    const {scene, panels} = now(), own = scene ? withSnapshots(panels) : [];
    const missing = own.find(panel => isWaiting(panel) && !keptAt(scene, panel, wantedOf(panel)));
    if (missing) return {scene, panel: missing, epoch: wantedOf(missing)};
    const others = own.filter(panel => used.has(networkOf(panel))).flatMap(panel => panel.snapshots.epochs.map(epoch => ({scene, panel, epoch})));
    return others.find(({panel, epoch}) => !keptAt(scene, panel, epoch) && !asked.has(nameOf(scene, panel, epoch)));
  }

  async function load() {
    loading = true;
    try { for (let one; (one = nextOne());) { await loadOne(one); follow(); } } finally { loading = false; }
  }

  async function loadOne(one) {
    asked.add(nameOf(one.scene, one.panel, one.epoch));
    try { keep(one.scene, decodeSnapshot(await onSnapshot({key: one.scene.key, panel: one.panel.id, epoch: one.epoch}), one)); }
    catch (error) { giveUp(one, error); }
  }

  function giveUp({scene, panel, epoch}, error) {     // back to the epoch shown, unless something else is waited for by now
    const current = now().scene && now().panels.find(({id}) => id === panel.id);
    if (!current || pictureOf(now().scene) !== pictureOf(scene) || !isWaiting(current) || wantedOf(current) !== epoch) return;
    wanted.set(networkOf(current), epochOf(current));
    onFail(`${unitOf(current.snapshots)} ${epoch} of ${current.label}: ${error?.message || error}`);
  }

  // Networks that are not at their last epoch, as requests name them.
  const chosen = () => Object.fromEntries(withSnapshots(now().panels).filter(panel => epochOf(panel) !== lastEpoch(panel))
    .map(panel => [networkOf(panel), epochOf(panel)]));

  return {enter, choose, restore, chosen, isWaiting, wantedOf};
}

function decodeSnapshot({panel}, {scene, panel: {id}, epoch}) {
  if (panel.id !== id || epochOf(panel) !== epoch) throw new Error(`asked for ${id} at epoch ${epoch}, got ${panel.id} at ${epochOf(panel)}`);
  return decodePanel(panel, scene.picture.clip?.count);
}

const unitOf = ({unit = "epoch"}) => unit[0].toUpperCase() + unit.slice(1);
const epochText = ({epochs, unit = "epoch"}, epoch) => `${unit} ${epoch} of ${epochs[epochs.length - 1]}`;

function epochSlider(panel, onEpoch) {
  const {epochs, unit = "epoch", curves} = panel.snapshots, title = unitOf(panel.snapshots);
  const own = curves && createCurves(epochs, curves), words = element("span", {class: "nlviz-epoch", "aria-hidden": "true"});
  const input = element("input", {type: "range", min: 0, max: epochs.length - 1, step: 1, "data-choice": "epoch", "data-panel": panel.id, "aria-label": title,
    oninput: () => onEpoch(Number(input.value))});
  const node = element("label", {class: "nlviz-control nlviz-choice nlviz-epochs"}, title, input, words, own?.node);

  function draw(epoch, isLoading) {
    const text = epochText(panel.snapshots, epoch), at = String(epochs.indexOf(epoch));
    if (input.value !== at) input.value = at;
    input.setAttribute("aria-valuetext", text);
    setText(words, isLoading ? `loading ${unit} ${epoch} …` : text);
    own?.mark(epochs.indexOf(epoch));
  }

  return {node, draw};
}
