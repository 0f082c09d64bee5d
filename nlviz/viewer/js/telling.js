// Telling: what is shown, as those who ask the viewer get it: copies, so that nobody changes the viewer through them.
// Gives: toldSettings, tellOf, lookState.
// Takes: geometry.js: nearestCell, positionOf.

function lookState({panel, map, asked, strongest, lowest, highest, entropy, values, reason}) {
  return {id: panel.id, map: map.name, asked, strongest, lowest, highest, entropy, reason, values: values && Array.from(values)};
}

const partState = ({panel, view}) => ({id: panel.id, map: panel.map.name, ...(panel.stack ? {layers: panel.layers.size} : null), ...(view ? view.state() : null)});

function toldSettings({arrows, follow, ...others}, isClip) {             // of a photo without those that a clip alone has
  return isClip ? {...others, arrows, follow} : others;
}

function tellOf({scene, query, pins, settings, hovered, reference, parts}) {
  const isClip = Boolean(scene?.picture.clip);
  const point = ({x, y, frame}) => ({x, y, ...(isClip ? {frame} : null), cell: positionOf(reference, nearestCell(reference, {x, y, frame}))});
  return {key: scene?.key ?? null, query: point(query), pins: pins.map(point), settings: toldSettings(settings, isClip), hovered,
          reference: [...(isClip ? [reference.frames] : []), reference.rows, reference.columns], panels: parts.map(partState)};
}
