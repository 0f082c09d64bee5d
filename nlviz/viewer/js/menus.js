// Menus: a button and the panel that it opens. The button again, Escape, or a click beside both closes it.
// Gives: createMenu.

// node holds both; panel() finds the panel, which may come later than its button; onOpen() is told each time, after it is shown.
function createMenu({node, opener, panel, onOpen = () => {}}) {
  opener.setAttribute("aria-haspopup", "dialog");
  opener.addEventListener("click", () => open(opener.getAttribute("aria-expanded") !== "true"));
  node.addEventListener("keydown", onKey);

  function open(shown) {
    const held = node.contains(document.activeElement) && panel().contains(document.activeElement);
    panel().hidden = !shown;
    opener.setAttribute("aria-expanded", shown);
    document[shown ? "addEventListener" : "removeEventListener"]("pointerdown", onOutside, true);
    if (shown) onOpen(); else if (held) opener.focus();
  }

  function onOutside(event) { if (!node.contains(event.target)) open(false); }

  function onKey(event) {
    if (event.key !== "Escape" || opener.getAttribute("aria-expanded") !== "true") return;
    event.stopPropagation();
    open(false);
    opener.focus();
  }

  return {open};
}
