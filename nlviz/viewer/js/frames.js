// Frames: draws at most once in a frame of the screen: what comes first in a frame at once, what comes after it with the next.
// Gives: createFrames.

function createFrames(draw) {
  let frame = 0, late = false;

  function request() {
    if (frame) { late = true; return; }
    draw();
    frame = requestAnimationFrame(() => { frame = 0; if (late) request(); });
  }

  return {request, done: () => { late = false; }};    // done(): all that was asked for is drawn
}
