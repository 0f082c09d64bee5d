// Stage: the page's parts in their order, which of them are there before a photo is, and listeners outside that go with the page.
// Gives: createStage.
// Takes: parts.js: div.

// What it takes are nodes; depends may be absent.
function createStage(root, {message, busy, toolbar, reading, area, large, strip, distances, depends, spoken}) {
  const empty = div("empty", "Choose a photo and a network. Then point at any place in the picture to see what it attends to.");

  function build() {
    root.classList.add("nlviz");
    root.replaceChildren(message, toolbar, reading, div("over", busy, empty, area, large), div("pinned", strip, distances), ...(depends ? [depends] : []), spoken);
    show(false);
  }

  function show(shown) {
    for (const part of [toolbar, area, large, reading, strip, depends]) if (part) part.hidden = !shown;
    distances.hidden = true;                          // until two queries are pinned
    empty.hidden = shown;
  }

  function whileHere(target, name, listener) {
    target.addEventListener(name, function listen(event) {
      if (area.isConnected) listener(event); else target.removeEventListener(name, listen);
    });
  }

  build();
  return {show, whileHere};
}
