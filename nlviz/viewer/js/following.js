// Following a pin: in each following frame the key that its row finds strongest, a tracker made of attention.
// Gives: followedFrom, drawFollowed.
// Takes: geometry.js: timeOf, centreOf; drawing.js: PIN_COLOURS.

// [{x, y, frame}], beginning with the pin itself; empty where the map has no row for it. A frame that gets nothing is passed over.
function followedFrom(look, pin, count) {
  const {values, shownGrid: grid, asked} = look;
  if (!values || !grid?.times || asked < 0) return [];
  const found = [{x: pin.x, y: pin.y, frame: pin.frame}];
  for (let frame = pin.frame + 1; frame < count; frame++) {
    const t = timeOf(grid, frame), best = t < 0 ? -1 : strongestIn(values, t * grid.area, (t + 1) * grid.area);
    if (values[best] > 0) found.push(centreOf(grid, best, frame));
  }
  return found;
}

function strongestIn(values, from, to) {
  let best = from;
  for (let j = from + 1; j < to; j++) if (values[j] > values[best]) best = j;
  return best;
}

// frames: boxes in pixels
function drawFollowed(context, frames, points, pin) {
  const on = ({x, y}, box) => ({x: box.x + x * box.width, y: box.y + y * box.height}), places = points.map(point => on(point, frames[point.frame]));
  const lines = places.slice(1).flatMap((place, at) => legsBetween(places[at], place, frames[points[at].frame], frames[points[at + 1].frame]));
  context.setLineDash([]);
  context.lineCap = context.lineJoin = "round";
  for (const [width, colour] of [[4.5, "rgba(0, 0, 0, .6)"], [3.4, "rgba(255, 255, 255, .9)"], [2, PIN_COLOURS[pin]]]) {
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (const [a, b] of lines) { context.moveTo(a.x, a.y); context.lineTo(b.x, b.y); }
    context.stroke();
    for (const {x, y} of places.slice(1)) { context.beginPath(); context.arc(x, y, 2 + width / 2, 0, 2 * Math.PI); context.fill(); }
  }
}

// From a place to one in the next frame; where that begins a new row, the line leaves its frame and enters the other one.
function legsBetween(a, b, first, second) {
  if (second.y === first.y) return [[a, b]];
  const gap = 4, next = {x: b.x - second.x + first.x + first.width + gap, y: b.y - second.y + first.y};          // as if it stood beside
  const share = (first.x + first.width - a.x) / (next.x - a.x), y = a.y + share * (next.y - a.y);
  return [[a, {x: first.x + first.width, y}], [{x: second.x, y: y - first.y + second.y}, b]];
}
