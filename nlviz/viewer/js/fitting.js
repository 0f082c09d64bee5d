// Fitting: lays the panels out anew when the width, height or pixel ratio of the page changed, or what stands in it.
// Gives: createFitting.
// Takes: sheet.js: stripColumns; layout.js: CAPTION, keepHeight, roomBelow, layoutFor; filmstrip.js: STRIP_GAP, stripHeight; panels.js: spanOf,
//   fitPanel.

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
    if (scene.picture.clip) fitStrips(scene.picture, {photo, parts, stacks, caption, width}); else fitPhotos(scene.picture, {photo, parts, stacks, caption, width});
    stacks.fit();
    onFit();
  }

  function fitPhotos(picture, {photo, parts, stacks, caption, width}) {
    const aspect = picture.width / picture.height, spans = [1, ...parts.flatMap(part => stacks.isAside(part) ? [spanOf(part), 2] : [spanOf(part)])];
    const {gap, widest, columns} = layoutFor({width, room: roomBelow(area), spans, aspect, under: {...stacks.under(), caption}});
    lay({gap, widest, columns});
    for (const part of [photo, ...parts]) fitPanel(part);
  }

  function fitStrips({clip, width: wide, height: high}, {photo, parts, stacks, caption, width}) {          // of a clip one below another
    lay({gap: STRIP_GAP, widest: Math.floor(width), columns: 1});
    const {fixed} = stacks.under(), across = stripColumns({count: clip.count, aspect: wide / high, width: photo.box.clientWidth, gap: STRIP_GAP, room: roomBelow(area),
      panels: parts.length + 1, high: (rows, height) => stripHeight(rows, height) + CAPTION + caption + fixed});
    for (const part of [photo, ...parts]) fitPanel(part, across);
  }

  function lay({gap, widest, columns}) {
    for (const [name, value] of [["gap", `${gap}px`], ["widest", `${widest}px`], ["columns", columns]]) root.style.setProperty(`--nlviz-${name}`, value);
  }

  function forget() { fitted = ""; }

  function again() { forget(); fit(); }

  return {fit, forget, again, isDone: () => Boolean(fitted)};
}
