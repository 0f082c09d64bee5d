// Layout: how many columns of panels stand side by side, and lines that keep their height.
// Gives: CAPTION, keepHeight, roomBelow, layoutFor.

const CAPTION = 60, ROW_GAP = 20;                     // pixels, below a picture and between rows
const LEAST = 172, MOST = 480;                        // of a picture's width, where there is room
const BESIDE_LARGE = 224;                             // of a picture's width above something large
const FEWER_ROWS = 0.8;                               // a row more must make pictures this much larger

// A line whose words come and go keeps the height it once needed, so that nothing below it jumps; the result lets it shrink again.
function keepHeight(node) {
  new ResizeObserver(() => {
    if (node.offsetHeight > parseFloat(node.style.minHeight || 0)) node.style.minHeight = `${node.offsetHeight}px`;
  }).observe(node);
  return () => { node.style.minHeight = ""; };
}

// Pixels from the node's top, as it stands on the unscrolled page, to the window's lower edge; where it stands far down, most of a window.
function roomBelow(node) {
  const left = window.innerHeight - (node.getBoundingClientRect().top + window.scrollY);
  return left > 0.4 * window.innerHeight ? left : 0.8 * window.innerHeight;
}

// The largest panels with which all rows are seen at once; where they would be too small, as many side by side as are not, below
// one another. spans: how many columns each panel takes. room: pixels below the first row's top. under: what thumbnails below the
// pictures take, so many pixels and a share of a picture's height; below: something large, for which panels make room; caption: pixels of a caption besides the usual.
function layoutFor({width, room, spans, aspect, under}) {
  const phone = width < 640, gap = phone ? 12 : 20, least = (phone ? 140 : LEAST) * Math.min(1, Math.sqrt(aspect));
  const found = [], caption = CAPTION + under.caption;
  if (under.below) room = BESIDE_LARGE * Math.min(1, Math.sqrt(aspect)) / aspect + caption;
  for (let columns = 1; columns <= Math.min(total(spans), phone ? 2 : 12); columns++) {
    const rows = rowsIn(spans, columns), wide = (width - gap * (columns - 1)) / columns;
    const high = ((room - ROW_GAP * (rows - 1)) / rows - caption - under.fixed) / (1 + under.share) * aspect, seen = Math.floor(Math.min(MOST, wide, high));
    if (wide >= least || columns === 1) found.push({gap, columns, rows, widest: Math.floor(Math.min(MOST, wide)), seen, worth: seen * FEWER_ROWS ** (rows - 1)});
  }
  const [best] = found.filter(({seen}) => seen >= least).sort((a, b) => b.worth - a.worth);
  if (best) return {...best, widest: best.seen};
  const fewest = Math.min(...found.map(({rows}) => rows));
  return found.find(({rows}) => rows === fewest);
}

const total = spans => spans.reduce((sum, span) => sum + span, 0);

function rowsIn(spans, columns) {
  let rows = 1, taken = 0;
  for (const span of spans.map(one => Math.min(one, columns))) {
    if (taken + span > columns) { rows++; taken = 0; }
    taken += span;
  }
  return rows;
}
