// Palettes: 256 packed RGBA numbers, little endian: the colours of a table, as a scale lays them over the photo.
// Gives: createPalettes.
// Takes: base64.js: bytesOf; scales.js: RISING, opacitiesOf.

const MOST_KEPT = 64;

// colourMaps: name -> 256 x 3 bytes as base64; diverging: those of a centred scale, or nothing.
function createPalettes(colourMaps, diverging) {
  const tables = Object.fromEntries(Object.entries(colourMaps).map(([name, text]) => [name, paletteOf(text)]));
  const centred = diverging && paletteOf(diverging), kept = new Map();          // one for each scale, so that it is told by itself

  function paletteFor(scale, {colours, veil}) {       // scale null, or bare: of what lies over no photo
    if (!scale || scale.bare || veil !== RISING) return scale?.centred ? centred : tables[colours];
    const name = [scale.centred || colours, scale.low, scale.high, scale.times].join();
    if (!kept.has(name)) {
      if (kept.size >= MOST_KEPT) kept.clear();
      kept.set(name, veiled(scale.centred ? centred : tables[colours], opacitiesOf(scale)));
    }
    return kept.get(name);
  }

  return {names: Object.keys(tables), paletteFor};
}

function paletteOf(text) {
  const rgb = bytesOf(text), table = new Uint32Array(256);
  for (let i = 0; i < 256; i++) table[i] = (255 << 24 | rgb[3 * i + 2] << 16 | rgb[3 * i + 1] << 8 | rgb[3 * i]) >>> 0;
  return table;
}

const veiled = (table, opacities) => table.map((colour, i) => (colour & 0xffffff | Math.round(255 * opacities[i]) << 24) >>> 0);
