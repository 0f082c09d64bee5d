// Besides: more panels of one network, each with a map of its own: "dino/0+1" stands beside "dino/0" and shares its layers.
// Gives: createBesides.
// Takes: maps.js: callOf.

const MOST_BESIDES = 4;

// It keeps which there are, also of networks that are not shown now.
function createBesides() {
  const numbers = new Map();                          // "dino/0" -> [1, 2]

  const numbersOf = id => numbers.get(id) || [];
  const beside = (panel, number) => ({...panel, id: `${panel.id}+${number}`, beside: number});

  // The panels of a scene, each followed by those beside it; one that is here already stays the one it is.
  function among(panels, there = []) {
    const own = panels.filter(panel => !panel.beside), kept = (panel, number) =>
      there.find(({id, maps}) => id === `${panel.id}+${number}` && maps === panel.maps) || beside(panel, number);
    return own.flatMap(panel => [panel, ...(panel.stack ? numbersOf(panel.id).map(number => kept(panel, number)) : [])]);
  }

  function add(panel) {                               // the id of the new one; null where there are enough
    const id = callOf(panel), before = numbersOf(id), free = [1, 2, 3, 4].find(number => !before.includes(number));
    if (!free || before.length >= MOST_BESIDES) return null;
    numbers.set(id, [...before, free].sort());
    return `${id}+${free}`;
  }

  const remove = panel => numbers.set(callOf(panel), numbersOf(callOf(panel)).filter(number => number !== panel.beside));

  function restore(parts) {                           // those that a view names, and no others
    numbers.clear();
    for (const name of Object.keys(parts ?? {})) {
      const [, id, number] = /^(.+\/\d+)\+([1-4])$/.exec(name) || [];
      if (id) numbers.set(id, [...numbersOf(id), Number(number)].sort());
    }
  }

  return {among, add, remove, restore, isFull: panel => numbersOf(callOf(panel)).length >= MOST_BESIDES};
}
