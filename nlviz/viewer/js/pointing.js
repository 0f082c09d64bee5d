// Pointing: pointer and keyboard -> a query, a click -> a pin. The state is the viewer's: now() tells what is shown.
// Gives: createPointing.
// Takes: geometry.js: clamp, nearestCell, positionOf, centreOf; sheet.js: pointOn.

// ask(point, panel): panel is an id, or undefined; playing: of a clip, see playing.js
function createPointing({now, ask, togglePin, removeHereOrLast, playing}) {
  let pressed = null;

  function pointOf(event) {                           // null beside the pictures
    const box = event.target.closest?.(".nlviz-picture");
    if (!box) return null;
    const {left, top, width, height} = box.getBoundingClientRect();
    return pointOn(box.sheet, (event.clientX - left) / width, (event.clientY - top) / height);
  }

  function onMove(event) {
    const point = pointOf(event);
    if (point) ask(playing.isPlaying() ? {...point, frame: now().query.frame} : point, event.target.dataset.panel);
  }

  function onDown(event) {
    onMove(event);
    pressed = event.button === 0 && pointOf(event) ? {x: event.clientX, y: event.clientY} : null;
  }

  function onUp(event) {
    const still = pressed && Math.hypot(event.clientX - pressed.x, event.clientY - pressed.y) < 5, {photo} = now();
    pressed = null;
    if (!still || !pointOf(event)) return;
    onMove(event);
    photo.box.classList.remove("nlviz-keyed");
    photo.box.focus({preventScroll: true});
    togglePin();
  }

  function moveTo(reference, row, column) {
    const {query} = now(), first = nearestCell(reference, query) - nearestCell(reference, query) % reference.area;
    ask(centreOf(reference, first + clamp(row, 0, reference.rows - 1) * reference.columns + clamp(column, 0, reference.columns - 1), query.frame));
  }

  function onKey(event) {
    const {photo, reference, query, pins, isClip} = now();
    if (event.target !== photo?.box || event.ctrlKey || event.metaKey || event.altKey) return;
    const [row, column] = positionOf(reference, nearestCell(reference, query)).slice(-2), pin = pins[Number(event.key) - 1];
    const to = (nextRow, nextColumn) => () => moveTo(reference, nextRow, nextColumn);
    const actions = {
      ArrowUp: to(row - 1, column), ArrowDown: to(row + 1, column), ArrowLeft: to(row, column - 1), ArrowRight: to(row, column + 1),
      Home: to(row, 0), End: to(row, reference.columns - 1),
      Enter: togglePin, " ": togglePin, Delete: removeHereOrLast, Backspace: removeHereOrLast,
    };
    const ofFrames = {",": () => playing.step(-1), PageUp: () => playing.step(-1), ".": () => playing.step(1), PageDown: () => playing.step(1), p: playing.toggle};
    const action = actions[event.key] || (isClip && ofFrames[event.key]) || (pin && (() => ask({...pin})));
    if (action) { event.preventDefault(); action(); }
  }

  function listen(area) {
    area.addEventListener("pointermove", onMove);
    area.addEventListener("pointerdown", onDown);
    area.addEventListener("pointerup", onUp);
    area.addEventListener("pointercancel", () => { pressed = null; });
    area.addEventListener("keydown", onKey);
    area.addEventListener("keyup", event => event.target.classList.toggle("nlviz-keyed", event.target === now().photo?.box));
  }

  return {listen};
}
