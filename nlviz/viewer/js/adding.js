// Adding: a further panel of a network with layers and heads beside the one it comes from, and taking it away.
// Gives: createAdding.
// Takes: maps.js: callOf; stack_layout.js: nextHead; besides.js: createBesides.

// choices: see choices.js; show(focus): what stands beside what has changed, and where the focus goes then; complain(text)
function createAdding({choices, show, complain}) {
  const besides = createBesides();

  function add(panel) {
    const id = besides.add(panel);
    if (!id) { complain("Five panels of one network are shown; remove one first"); return; }
    choices.copy(panel, id, nextHead(panel, panel.map).name);
    show(`.nlviz-stack[data-panel="${CSS.escape(id)}"] .nlviz-stack-stage`);
  }

  function remove(panel) {
    besides.remove(panel);
    show(`.nlviz-stack[data-panel="${CSS.escape(callOf(panel))}"] [data-action=beside]`);
  }

  function restore(wanted, panels) {                  // those that a view names; null where they are there
    besides.restore(wanted);
    const next = besides.among(panels, panels);
    return String(next.map(({id}) => id)) === String(panels.map(({id}) => id)) ? null : next;
  }

  return {add, remove, restore, among: besides.among};
}
