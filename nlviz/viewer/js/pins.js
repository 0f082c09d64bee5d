// Pins: the queries that stay, up to eight. A pin is the centre of its cell of the reference grid, in the frame in which it was set.
// Gives: createPins.
// Takes: geometry.js: nearestCell, centreOf.

const MAX_PINS = 8;

// now() is {reference, query}; ask(point) moves the query; onChange() is told when the user changed the pins; complain(text).
function createPins({now, ask, onChange, complain}) {
  let pins = [];

  const cellOf = point => nearestCell(now().reference, point);
  const at = cell => pins.findIndex(pin => cellOf(pin) === cell);

  function set(next) {
    pins = next;
    onChange();
  }

  function put(points) {                              // in place of those before: of each cell one, and nobody is told
    pins = [];
    for (const point of points) if (pins.length < MAX_PINS && at(cellOf(point)) < 0) pins.push(centreOf(now().reference, cellOf(point), point.frame));
  }

  function add() {
    const cell = cellOf(now().query);
    if (at(cell) >= 0) return;
    if (pins.length >= MAX_PINS) { complain("Eight queries are pinned; remove one first"); return; }
    set([...pins, centreOf(now().reference, cell, now().query.frame)]);
  }

  function addAt(point) {
    if (!point) return;
    ask(point);
    add();
  }

  const indexHere = () => at(cellOf(now().query));
  const remove = index => set(pins.filter((_, other) => other !== index));

  function toggle() {
    const index = indexHere();
    if (index >= 0) remove(index); else add();
  }

  function removeHereOrLast() {
    const index = indexHere();
    if (pins.length) remove(index >= 0 ? index : pins.length - 1);
  }

  const marks = () => pins.map((pin, index) => ({...pin, index}));

  return {all: () => pins, clear: () => set([]), put, addAt, remove, toggle, indexHere, removeHereOrLast, marks};
}
