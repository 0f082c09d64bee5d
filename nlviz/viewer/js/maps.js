// Maps: a scene's panels, decoded. A panel is one call of a block, with one or several maps. No drawing, no page.
// Gives: networkOf, callOf, isDifference, decodePanel.
// Takes: base64.js: bytesOf, floatsOf; geometry.js: gridOf; decoding.js: decodeWeights; frame_shares.js: decodeFrames; terms.js: decodeTerms;
//   heads.js: decodeLayer.

const networkOf = ({id}) => id.replace(/\/\d+(\+\d+)?$/, "");  // "gc/0": the first call in gc; "vit/0+1": a further panel of it
const callOf = ({id}) => id.replace(/\+\d+$/, "");    // "vit/0" of "vit/0+1", as the server knows it
const isDifference = ({maps}) => maps[0].rows === "difference";          // of two networks: it has maps and no output

const cellsIn = shape => shape.reduce((product, size) => product * size, 1);

function decodeFeatures({features, title}, frames) {          // the feature map of every channel: value = low + byte / 255 * (high - low)
  if (!features) return null;
  const {count} = features, grid = gridOf(features.grid, features.place, frames), data = bytesOf(features.data);
  if (data.length !== count * grid.size) throw new Error(`${title}, features: expected ${count * grid.size} bytes, got ${data.length}`);
  return {count, grid, data, low: floatsOf(features.low, count, `${title}, low`), high: floatsOf(features.high, count, `${title}, high`),
          values: new Float32Array(grid.size), scratches: new Map()};
}

function decodeMap(map, panel, frames) {
  const queryTokens = map.query_tokens || [], keyTokens = map.key_tokens || [];         // rows and columns: positions, then tokens
  const queries = cellsIn(map.query_grid) + queryTokens.length, keys = cellsIn(map.key_grid) + keyTokens.length, what = [panel.title, map.name].filter(Boolean).join(", ");
  const isGate = map.relates === "gate", ofChannels = map.key_grid.length === 1;
  if (ofChannels && panel.features && panel.features.count !== keys) throw new Error(`${what}: ${keys} channels, but ${panel.features.count} feature maps`);
  const queryGrid = map.query_place && gridOf(map.query_grid, map.query_place, frames), keyGrid = map.key_place && gridOf(map.key_grid, map.key_place, frames);
  return {...map, what, queries, keys, queryTokens, keyTokens, isGate, ofChannels, isGlobal: map.relates === "global", derived: new Map(), scratches: new Map(),
          queryGrid, keyGrid, framesMatrix: decodeFrames(map.frames_matrix, {queryGrid, keyGrid, what}), buffer: new Float32Array(Math.max(queries, keys))};
}

function decodePanel(panel, frames = 0) {             // its first map is shown until another one is chosen; frames: of a clip
  const maps = panel.maps.map(map => decodeMap(map, panel, frames));
  const formAt = at => {
    if (!maps[at]) throw new Error(`${panel.title}: there is no map number ${at}`);
    return maps[at].form ||= decodeWeights(maps[at], formAt);
  };
  const found = {...panel, maps, map: maps[0], layers: new Map(), features: decodeFeatures(panel, frames)};
  if (panel.stack) for (const layer of panel.layers) decodeLayer(found, layer);         // the others come one by one
  else maps.forEach((map, at) => { formAt(at); map.terms &&= decodeTerms(map); });
  return found;
}
