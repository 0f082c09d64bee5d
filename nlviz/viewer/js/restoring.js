// Restoring: a view as state() or a recipe tells it, checked.
// Gives: settingsIn, pointsIn.
// Takes: geometry.js: inPicture.

// Those of the wanted settings that there are; options: setting -> what can be chosen.
function settingsIn(wanted, options) {
  const isKnown = ([name, value]) => name === "opacity" ? Number.isFinite(value) && value >= 0 && value <= 1
    : ["segmentation", "follow"].includes(name) ? typeof value === "boolean" : name === "token" ? typeof value === "string" : Object.hasOwn(options, name) && options[name].includes(value);
  return Object.fromEntries(Object.entries(wanted ?? {}).filter(isKnown));
}

function pointsIn(queries, count = 1) {                // [x, y] or {x, y} each, of a clip of that many frames [x, y, frame]; null where there is no list
  if (!Array.isArray(queries)) return null;
  const isFraction = value => Number.isFinite(value) && value >= 0 && value <= 1, isFrame = value => Number.isInteger(value) && value >= 0 && value < count;
  const points = queries.map(one => Array.isArray(one) ? {x: one[0], y: one[1], frame: one[2] ?? 0} : {x: one?.x, y: one?.y, frame: one?.frame ?? 0});
  return points.filter(({x, y, frame}) => isFraction(x) && isFraction(y) && isFrame(frame)).map(({x, y, frame}) => inPicture(x, y, frame));
}
