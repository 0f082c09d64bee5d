// What if: a replacement of their maps that is chosen for all networks, and what it does: a sentence below each panel's caption, and
// the prediction that is said and drawn.
// Gives: createWhatIf.
// Takes: parts.js: element, selectOf; maps.js: networkOf; panels.js: showEffect, showPrediction; effects.js: MEAN_ROW, createEffects.

const OWN_MAPS = "its own maps";
const WHAT_IF = {[OWN_MAPS]: "", "one map for all": MEAN_ROW, "each attends to itself": "identity", "all keys alike": "uniform", "rows shuffled": "shuffled", "no attention": "nothing"};
const WHAT_IF_HELP = "What would each network say with other maps in the place of its own? Predictions and the sentences below the panels follow; the heatmaps stay its own.";
const LINES = 53;                                      // pixels of the sentence: three lines

// onEffect, onWhatIf: see effects.js; now() is {scene, panels, parts, chosen, isWaiting, isBusy}; onChange() is told when what is drawn changes
function createWhatIf({onEffect, onWhatIf, now, onChange}) {
  let how = "";
  const effects = createEffects({onEffect, onWhatIf, now: () => ({...now(), how}), onArrive: show});
  const select = selectOf({"data-choice": "what-if"}, Object.keys(WHAT_IF), OWN_MAPS, words => choose(WHAT_IF[words]));
  const node = onWhatIf ? element("label", {class: "nlviz-control nlviz-what-if", title: WHAT_IF_HELP}, "What if", select) : null;

  function choose(next) {
    how = next;
    effects.again();
    follow();
  }

  function follow() {                                 // whenever other panels, or other snapshots, are shown
    if (!onEffect) return;
    show();
    effects.follow();
  }

  function show() {
    const {scene, parts} = now();
    if (!scene) return;
    for (const part of parts) {
      const found = effects.effectOf(part.panel, how || MEAN_ROW), replaced = how && found?.prediction;
      showEffect(part, {said: part.panel.runs === false ? mapsAlone() : saidBy(found), of: found?.sentence && !found.reason ? wholeText(part.panel) : "", isChosen: Boolean(how)});
      showPrediction(part, replaced || part.panel.prediction, replaced ? `What if: ${select.value}` : "");
    }
    onChange();
  }

  const wordsOf = () => how ? `${select.value}: ` : "with one map for all queries: ";

  function saidBy(found) {
    if (!found) return how ? `${wordsOf()}on its way …` : "";
    return found.error ? `${wordsOf()}n/a: ${found.error}` : found.sentence;
  }

  const mapsAlone = () => how ? `${wordsOf()}n/a: there are maps here and no output` : "";

  function wholeText(panel) {                         // it is the network's where a panel shows a part of it
    const {layers} = panel.stack || {layers: []}, others = now().panels.filter(one => !one.beside && networkOf(one) === networkOf(panel));
    return layers.length > 1 ? `in all ${layers.length} layers` : others.length > 1 ? "in the whole network" : "";
  }

  const height = () => onEffect ? LINES : 0;

  return {node, follow, height, isOffered: Boolean(onEffect), chosen: () => how, isAsking: effects.isAsking};
}
