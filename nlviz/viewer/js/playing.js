// Playing: the query goes from frame to frame of a clip, at the clip's pace, round and round, and stays at its place.
// Gives: createPlaying.
// Takes: parts.js: div, setText, button.

const PACE = {least: 80, most: 1000, usual: 250, calm: 600};             // milliseconds a frame; calm: where less motion is wished

// now() is {clip, query}; ask(point) moves the query
function createPlaying({now, ask}) {
  const toggleButton = button("Play", "play", () => toggle(), "Play the clip (p)"), where = div("frame-now"), when = div("frame-when");
  const node = div("playing", toggleButton, where, when);
  let timer = 0;

  function step(by) {                                 // round and round
    const {clip: {count}, query} = now();
    ask({...query, frame: (query.frame + by + count) % count});
  }

  function toggle() { if (timer) stop(); else next(); }

  function next() {
    timer = setTimeout(() => { if (!node.isConnected) { stop(); return; } step(1); next(); }, paceOf(now().clip));
    drawButton();
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    drawButton();
  }

  function drawButton() {
    setText(toggleButton, timer ? "Stop" : "Play");
    toggleButton.setAttribute("aria-pressed", Boolean(timer));
  }

  function draw() {
    const {clip, query: {frame}} = now(), seconds = clip.seconds[frame];
    setText(where, `frame ${frame + 1} of ${clip.count}`);
    setText(when, seconds == null ? "" : `${seconds.toFixed(2)} s`);
  }

  return {node, step, toggle, stop, draw, isPlaying: () => Boolean(timer)};
}

function paceOf({seconds}) {
  const known = seconds.every(Number.isFinite) && seconds.length > 1, least = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? PACE.calm : PACE.least;
  return Math.max(least, Math.min(PACE.most, known ? 1000 * (seconds[seconds.length - 1] - seconds[0]) / (seconds.length - 1) : PACE.usual));
}
