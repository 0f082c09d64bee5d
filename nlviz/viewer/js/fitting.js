// Fitting: lays the panels out anew when the width, height or pixel ratio of the page changed, or what stands in it.
// Gives: createFitting.
// Takes: layout.js: keepHeight, roomBelow, layoutFor; panels.js: spanOf, fitPanel.

// now() is {scene, photo, parts, stacks, caption}; bars is a line above that keeps its height; onFit() is told when the panels have their places
function createFitting({root, area, bars, now, onFit}) {
  const forgetHeight = keepHeight(bars);
  let fitted = "";

  function fit() {
    const style = getComputedStyle(root), width = root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight), {scene, photo, parts, stacks, caption} = now();
    const wanted = [width, window.innerHeight, window.devicePixelRatio].join();
    if (!scene || width <= 0 || wanted === fitted) return;
    fitted = wanted;
    forgetHeight();
    const aspect = scene.picture.width / scene.picture.height, spans = [1, ...parts.flatMap(part => stacks.isAside(part) ? [spanOf(part), 2] : [spanOf(part)])];
    const {gap, widest, columns} = layoutFor({width, room: roomBelow(area), spans, aspect, under: {...stacks.under(), caption}});
    for (const [name, value] of [["gap", `${gap}px`], ["widest", `${widest}px`], ["columns", columns]]) root.style.setProperty(`--nlviz-${name}`, value);
    [photo, ...parts].forEach(fitPanel);
    stacks.fit();
    onFit();
  }

  function forget() { fitted = ""; }

  function again() { forget(); fit(); }

  return {fit, forget, again, isDone: () => Boolean(fitted)};
}
