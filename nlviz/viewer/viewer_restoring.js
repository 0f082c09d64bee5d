// Restoring: a view as state() or a recipe tells it, checked; and telling of the view when the user changed it.

const QUIET_MS = 250;                                 // after the last change

// Those of the wanted settings that there are; options: setting -> what can be chosen.
function settingsIn(wanted, options) {
  const isKnown = ([name, value]) => name === "opacity" ? Number.isFinite(value) && value >= 0 && value <= 1
    : name === "segmentation" ? typeof value === "boolean" : Object.hasOwn(options, name) && options[name].includes(value);
  return Object.fromEntries(Object.entries(wanted ?? {}).filter(isKnown));
}

function pointsIn(queries) {                          // [x, y] or {x, y} each; null where there is no list
  if (!Array.isArray(queries)) return null;
  const isFraction = value => Number.isFinite(value) && value >= 0 && value <= 1;
  const points = queries.map(one => Array.isArray(one) ? {x: one[0], y: one[1]} : {x: one?.x, y: one?.y});
  return points.filter(({x, y}) => isFraction(x) && isFraction(y)).map(({x, y}) => inPicture(x, y));
}

// onChange(state()) comes once after several changes. Another epoch is shown only when the server has answered: expect() says that
// the user asked for one, arrived() that it is here; forget() drops what was not told yet.
function createChanges(onChange, state) {
  let timer = 0, expected = false;

  function note() {
    clearTimeout(timer);
    if (onChange) timer = setTimeout(() => onChange(state()), QUIET_MS);
  }

  function forget() {
    clearTimeout(timer);
    expected = false;
  }

  return {note, forget, expect: () => { expected = true; }, arrived: () => { if (expected) note(); }};
}
