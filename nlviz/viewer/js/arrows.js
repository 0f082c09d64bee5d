// Arrows: from the asking cell to the keys that get most, across the frames of a clip, as in the first figure of Wang et al. 2018.
// Gives: drawArrows.
// Takes: geometry.js: positionOf, framesOf, cellBox; looks.js: ATTENDED.

const ROUNDED = 1e-5;                                 // weights that differ by less are alike: which of them comes first says nothing

// The cells with the largest positive values, the largest first; not the asking cell itself, and none that is no larger than one left out.
function strongestKeys({values, shownGrid, askedGrid, asked}, count) {
  const found = [], own = shownGrid.size === askedGrid.size ? asked : -1;
  for (let j = 0, least = 0; j < values.length; j++) {
    const value = values[j];
    if (!(value > least) || j === own) continue;
    let at = found.length;
    while (at && values[found[at - 1]] < value) at--;
    found.splice(at, 0, j);
    if (found.length > count + 1) found.pop();
    if (found.length > count) least = values[found[count]];
  }
  const next = found.length > count ? values[found[count]] : 0;
  return found.slice(0, count).filter(key => values[key] > next * (1 + ROUNDED));
}

// frames: boxes in pixels; from the frame of the point that asks, where the place is attended by others toward it
function drawArrows(context, frames, look, count) {
  const {values, shownGrid, askedGrid, asked, point} = look, own = placeOn(frames, cellBox(askedGrid, asked), point.frame);
  for (const key of strongestKeys(look, count).reverse()) {              // the strongest above the others
    const {from, to} = framesOf(shownGrid, positionOf(shownGrid, key)[0]), frame = Math.max(from, Math.min(to - 1, point.frame));
    const ends = frames[frame] ? [own, placeOn(frames, cellBox(shownGrid, key), frame)] : null;
    if (ends) drawArrow(context, ...(look.direction === ATTENDED ? [ends[1], before(...ends)] : ends), values[key] / look.highest);
  }
}

function before(end, start) {                         // just before a place, so that its own mark covers no head
  const length = Math.hypot(end.x - start.x, end.y - start.y), left = Math.max(0, 1 - 7 / (length || 1));
  return {x: start.x + left * (end.x - start.x), y: start.y + left * (end.y - start.y)};
}

function placeOn(frames, box, frame) {
  const {x, y, width, height} = frames[frame];
  return {x: x + (box.x + box.width / 2) * width, y: y + (box.y + box.height / 2) * height};
}

function drawArrow(context, start, end, share) {      // bent upward, dark and light: seen on any background
  const dx = end.x - start.x, dy = end.y - start.y, length = Math.hypot(dx, dy), wide = 0.7 + 1.3 * share;
  if (length < 3) return;
  const bend = Math.min(26, length * 0.16), side = dx < 0 ? 1 : -1, middle = {x: start.x + dx / 2 - side * dy / length * bend, y: start.y + dy / 2 + side * dx / length * bend};
  const angle = Math.atan2(end.y - middle.y, end.x - middle.x), head = Math.min(4 + 2.2 * wide, 2 + 0.18 * length);
  context.setLineDash([]);
  context.lineCap = context.lineJoin = "round";
  context.globalAlpha = 0.3 + 0.65 * share;
  for (const [more, colour] of [[1.6, "rgba(0, 0, 0, .55)"], [0, "#fff"]]) {
    context.lineWidth = wide + more;
    context.strokeStyle = context.fillStyle = colour;
    context.beginPath();
    context.moveTo(start.x, start.y);
    context.quadraticCurveTo(middle.x, middle.y, end.x - 0.6 * head * Math.cos(angle), end.y - 0.6 * head * Math.sin(angle));
    context.stroke();
    context.lineWidth = more || 0.1;
    context.beginPath();
    context.moveTo(end.x, end.y);
    for (const turn of [-0.42, 0.42]) context.lineTo(end.x - head * Math.cos(angle + turn), end.y - head * Math.sin(angle + turn));
    context.closePath();
    context.fill();
    if (more) context.stroke();
  }
  context.globalAlpha = 1;
}
