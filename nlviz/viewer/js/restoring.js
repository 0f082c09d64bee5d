// Restoring: a view as state() or a recipe tells it, checked.
// Gives: settingsIn, pointsIn.
// Takes: geometry.js: inPicture.

// Those of the wanted settings that there are; options: setting -> what can be chosen.
function settingsIn(wanted, options) {
  const isKnown = ([name, value]) => name === "opacity" ? Number.isFinite(value) && value >= 0 && value <= 1
    : name === "segmentation" ? typeof value === "boolean" : name === "token" ? typeof value === "string" : Object.hasOwn(options, name) && options[name].includes(value);
  return Object.fromEntries(Object.entries(wanted ?? {}).filter(isKnown));
}

function pointsIn(queries) {                          // [x, y] or {x, y} each; null where there is no list
  if (!Array.isArray(queries)) return null;
  const isFraction = value => Number.isFinite(value) && value >= 0 && value <= 1;
  const points = queries.map(one => Array.isArray(one) ? {x: one[0], y: one[1]} : {x: one?.x, y: one?.y});
  return points.filter(({x, y}) => isFraction(x) && isFraction(y)).map(({x, y}) => inPicture(x, y));
}
