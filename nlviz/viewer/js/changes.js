// Changes: telling of the view when the user changed it.
// Gives: createChanges.

const QUIET_MS = 250;                                 // after the last change

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
