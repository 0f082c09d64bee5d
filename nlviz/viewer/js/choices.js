// Choices: what the user chose in each panel, by its id: it outlives the scene.
// Gives: createChoices.
// Takes: words.js: labelsOf; stack_layout.js: BY_LAYER.

function createChoices() {
  const choices = new Map();                          // id -> {map, order, kept, unfolded, sort, large}

  function of({id}) {
    if (!choices.has(id)) choices.set(id, {map: null, order: null, kept: null, unfolded: false, sort: BY_LAYER, large: false});
    return choices.get(id);
  }

  const mapOf = panel => panel.maps.find(map => map.name === of(panel).map) || panel.maps[0];

  function choose(panel, name) {                      // the map that the panel shows
    of(panel).map = name;
    panel.map = mapOf(panel);
  }

  // How each panel is called, and the map of it that is shown.
  const name = panels => labelsOf(panels).forEach((label, at) => Object.assign(panels[at], {label, map: mapOf(panels[at])}));
  const mapNames = panels => Object.fromEntries(panels.filter(panel => panel.maps.length > 1).map(panel => [panel.id, panel.map.name]));
  const copy = (panel, id, map) => choices.set(id, {...of(panel), map, large: false});

  return {of, choose, name, mapNames, copy};
}
