// Stack layout: the maps of a network's layers and heads, in which order, and where the thumbnail of each stands. No page.
// Gives: SORTS, BY_LAYER, BY_DEPENDENCE, entriesOf, sizeOfStack, mapAt, inOrder, stackLayout, neighbourOf,
//   nextHead.

const BY_LAYER = "layer", BY_DEPENDENCE = "dependence on the query", SORTS = [BY_LAYER, "entropy", "distance", BY_DEPENDENCE];
const SIZES = {under: {most: 44, gap: 2, gutter: 30, least: 30}, aside: {most: 72, gap: 3, gutter: 36, least: 46}, large: {most: 92, gap: 4, gutter: 36, least: 78}};   // pixels
const HEADS_HEIGHT = 15, NARROW = 14;                 // of a line of labels; a thumbnail below which the other way round is tried

const entriesOf = ({maps}) => maps.filter(({layer}) => layer).sort((a, b) => a.layer - b.layer || (a.head ?? 0) - (b.head ?? 0));
const distinct = values => [...new Set(values)].sort((a, b) => a - b);

function sizeOfStack(panel) {                         // how many thumbnails stand side by side, and below one another
  const entries = entriesOf(panel);
  return {columns: distinct(entries.map(({layer}) => layer)).length, rows: distinct(entries.map(({head}) => head ?? 0)).length};
}

// The map of a layer with that head; where it has no such head, the layer's mean.
function mapAt({maps}, layer, head) {
  const own = maps.filter(map => map.layer === layer);
  return own.find(map => map.head === head) || own.find(map => map.head === null) || own[0];
}

function inOrder(entries, sort, shareOf) {            // the smallest first, what has no number last
  if (sort === BY_LAYER) return entries;
  const valueOf = {entropy: map => map.entropyShare, distance: map => map.distance}[sort] || shareOf;
  const values = new Map(entries.map(map => [map, valueOf(map) ?? Infinity]));
  return entries.slice().sort((a, b) => values.get(a) === values.get(b) ? 0 : values.get(a) - values.get(b));
}

// {boxes: [{map, column, row, x, y, width, height}], labels: [{words, x, y, width, side}], width, height}, in whole pixels.
// larger: how much larger thumbnails may be than those of a photo
function stackLayout(entries, {width, aspect, sort, where, larger = 1}) {
  const {most, least, ...size} = SIZES[where];
  return (sort === BY_LAYER ? matrixLayout : listLayout)(entries, {width, aspect, ...size, most: most * larger, least: least * larger});
}

function matrixLayout(entries, size) {
  const layers = distinct(entries.map(({layer}) => layer)), heads = distinct(entries.map(({head}) => head ?? 0));
  const headWords = heads.length > 1 ? heads.map(head => head ? String(head) : "mean") : [""], layerWords = layers.map(String);
  const upright = {across: layerWords, down: headWords, placeOf: map => [layers.indexOf(map.layer), heads.indexOf(map.head ?? 0)]};
  const lying = {across: headWords, down: layerWords, placeOf: map => upright.placeOf(map).reverse()};
  const wide = thumbWidth(size, layers.length);
  return placed(entries, wide < NARROW && thumbWidth(size, heads.length) > wide ? lying : upright, size);
}

const thumbWidth = ({width, gap, gutter, most}, columns) => Math.max(6, Math.min(most, Math.floor((width - gutter + gap) / columns) - gap));

function placed(entries, {across, down, placeOf}, size) {
  const {gap, aspect} = size, gutter = down.length > 1 ? size.gutter : 0, wide = thumbWidth({...size, gutter}, across.length), high = Math.round(wide / aspect);
  const x = column => gutter + column * (wide + gap), y = row => HEADS_HEIGHT + row * (high + gap);
  const boxes = entries.map(map => {
    const [column, row] = placeOf(map);
    return {map, column, row, x: x(column), y: y(row), width: wide, height: high};
  });
  const every = Math.ceil(14 / (wide + gap));         // where numbers would touch, every second
  const room = words => words.length > 2 ? Math.max(0, 28 - wide) : 0;         // “mean” is wider than a small thumbnail
  const labels = [...across.map((words, at) => ({words: at % every && at < across.length - 1 ? "" : words, x: x(at) - room(words) / 2, y: 0, width: wide + room(words), side: "top"})),
                  ...down.map((words, at) => ({words, x: 0, y: y(at) + high / 2, width: gutter, side: "left"}))];
  return {boxes, labels: labels.filter(({words}) => words), width: x(across.length) - gap, height: y(down.length) - gap};
}

function listLayout(entries, {width, aspect, gap, least}) { // in reading order, the label below each
  const several = entries.some(({head}) => head !== null), between = gap + 2;
  const columns = Math.max(1, Math.floor((width + between) / (least + between)));
  const wide = Math.floor((width + between) / columns) - between, high = Math.round(wide / aspect), step = high + HEADS_HEIGHT + 1;
  const boxes = entries.map((map, at) => {
    const column = at % columns, row = Math.floor(at / columns);
    return {map, column, row, x: column * (wide + between), y: row * step, width: wide, height: high};
  });
  const nameOf = ({layer, head}) => several ? head ? `${layer} · ${head}` : `${layer} mean` : String(layer);
  const labels = boxes.map(({map, x, y}) => ({words: nameOf(map), x: x - 2, y: y + high, width: wide + 4, side: "below"}));
  return {boxes, labels, width, height: Math.ceil(entries.length / columns) * step};
}

const STEPS_OF_KEYS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

// Where an arrow key leads from a box: along its row or its column to the next one that there is.
function neighbourOf(boxes, from, key) {
  if (key === "Home") return boxes[0];
  if (key === "End") return boxes[boxes.length - 1];
  const [dx, dy] = STEPS_OF_KEYS[key] || [0, 0];
  const ahead = ({column, row}) => dx ? dx * (column - from.column) : dy * (row - from.row);
  const aside = ({column, row}) => Math.abs(dx ? row - from.row : column - from.column);
  const found = boxes.filter(box => ahead(box) > 0 && (dx || !aside(box))).sort((a, b) => ahead(a) - ahead(b) || aside(a) - aside(b));
  return dx || dy ? found[0] || from : null;
}

function nextHead(panel, map) {                       // another one to look at beside it: the next head of its layer, else its neighbour
  const entries = entriesOf(panel), own = entries.filter(({layer}) => layer === map.layer), at = own.indexOf(map);
  return own[(at + 1) % own.length] === map ? entries[(entries.indexOf(map) + 1) % entries.length] : own[(at + 1) % own.length];
}
