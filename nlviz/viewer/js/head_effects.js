// Head effects: how much each head of a network matters: what the output does when that head alone gives every query the same row. A
// matrix, beside the one of how much it depends on the query, and both as dots.
// Gives: headEffects.
// Takes: words.js: percent, number; parts.js: element, div, span, setText, rampBar, fillBar, button; head_matrix.js: headMatrix;
//   head_scatter.js: headScatter.

const EFFECTS_HELP = "One head at a time gives every query the same row, the mean of its map; how far the network’s output moves. The others keep their maps.";
const EFFECT_WORDS = {relative_change: ["the output changes by", "change of the output, %"], pixels_changed_share: ["pixels that change class:", "pixels that change class, %"],
                      kl_nats: ["KL of the outputs", "KL of the outputs, nats"]};

// effects and shares: see by_layer.js
function headEffects(panel, {effects, shares, heads, onChoose}) {
  const bar = rampBar("shares-bar"), progress = element("span", {class: "nlviz-measuring", role: "status"}), words = element("span", {role: "alert"});
  const stop = button("Stop", "effects-stop", () => effects.stop(panel, !effects.isStopped(panel))), trouble = div("trouble", words, button("Try again", "effects-again", () => effects.again(panel)));
  const matrix = headMatrix(panel, {name: "effect", heads, without: heads.length > 1, onChoose, label: `How much heads of ${panel.label} matter`,
                                    caption: `Layers of ${panel.label} across, heads down: how much each matters`});
  const scatter = headScatter(panel, {textOf: ({map, share}) => `${map.name}: ${percent(share)} of shuffled, ${saidOf(effects.numberOf(panel, map))}`, onChoose,
                                      upText: value => isShare() ? `${Number((100 * value).toPrecision(1))} %` : String(value)});
  const node = div("head-part", div("head-part-head", span("head-part-title", "How much it matters"), bar.node, progress, stop), matrix.node, trouble);
  stop.classList.add("nlviz-quiet-button");

  const found = () => matrix.maps().map(map => effects.numberOf(panel, map)).filter(one => Number.isFinite(one?.effect));
  const kindOf = () => found()[0]?.kind || "relative_change", isShare = () => kindOf() !== "kl_nats";

  function fill(shown, palette) {
    const high = Math.max(0, ...found().map(({effect}) => effect)), errors = effects.errorsOf(panel), [, upWords] = EFFECT_WORDS[kindOf()];
    matrix.fill(map => lookOf(map, effects.numberOf(panel, map), high), shown, palette);
    if (palette) fillBar(bar, {low: 0, high: isShare() ? 100 * high : high}, palette, upWords);
    bar.node.classList.toggle("nlviz-unseen", !high);
    bar.node.title = EFFECTS_HELP;
    setText(progress, effects.progressText(panel));
    stop.hidden = effects.isDone(panel) || !(effects.isStopped(panel) || effects.progressText(panel));
    setText(stop, effects.isStopped(panel) ? "Go on" : "Stop");
    trouble.hidden = !errors.length;
    setText(words, errors.join(" "));
    scatter.fill(matrix.maps().map(map => ({map, share: shares.numberOf(panel, map)?.share, effect: effects.numberOf(panel, map)?.effect})), shown, upWords);
  }

  return {node, scatter: scatter.node, fill};
}

function saidOf(found) {
  if (!Number.isFinite(found?.effect)) return found ? `n/a: ${found.reason}` : "not measured yet";
  const [lead] = EFFECT_WORDS[found.kind];
  return found.kind === "kl_nats" ? `${lead} ${number(found.effect)} nats` : `${lead} ${percent(found.effect)}`;
}

function lookOf(map, found, high) {
  const isThere = Number.isFinite(found?.effect), value = isThere ? found.kind === "kl_nats" ? found.effect : 100 * found.effect : null;
  const text = value === null ? found ? "n/a" : "" : value >= 9.95 ? value.toFixed(0) : value >= 0.05 || value === 0 ? value.toFixed(1) : "<.1";
  return {text, said: `${map.name}: ${saidOf(found)}`, at: isThere && high ? found.effect / high : null};
}
