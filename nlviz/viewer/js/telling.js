// Telling: what is shown, as those who ask the viewer get it: copies, so that nobody changes the viewer through them.
// Gives: tellOf, lookState.
// Takes: geometry.js: nearestCell, positionOf.

function lookState({panel, map, asked, strongest, lowest, highest, entropy, values, reason}) {
  return {id: panel.id, map: map.name, asked, strongest, lowest, highest, entropy, reason, values: values && Array.from(values)};
}

const partState = ({panel, view}) => ({id: panel.id, map: panel.map.name, ...(panel.stack ? {layers: panel.layers.size} : null), ...(view ? view.state() : null)});

function tellOf({scene, query, pins, settings, hovered, reference, parts}) {
  const point = ({x, y}) => ({x, y, cell: positionOf(reference, nearestCell(reference, {x, y}))});
  return {key: scene?.key ?? null, query: point(query), pins: pins.map(point), settings: {...settings}, hovered,
          reference: [reference.rows, reference.columns], panels: parts.map(partState)};
}
