// Sheets: where the frames of a clip stand on a canvas: {boxes, width, height}, boxes in fractions of it. A photo has none: it is
// all of its canvas.
// Gives: sheetOf, stripColumns, tightSheet, boxesOn, pointOn.
// Takes: geometry.js: inPicture.

const TIGHT = {aspect: 2.4, gap: 0.03};                // of a small sheet: about so wide, its gaps so much of a frame
const LEAST_FRAME = {wide: 118, narrow: 76}, NARROW_STRIP = 640, MOST_FRAME = 480;      // pixels

// across: frames side by side; width, gap and below (the room for words under a frame) in pixels, frames are whole pixels wide
function sheetOf({count, across, aspect, width, gap, below = 0}) {
  const wide = Math.max(1, Math.min(MOST_FRAME, Math.floor((width - gap * (across - 1)) / across))), high = Math.round(wide / aspect);
  return placedOn({count, across, wide, high, gap, down: high + below + gap, width, last: below});
}

function placedOn({count, across, wide, high, gap, down, width, last}) {
  const rows = Math.ceil(count / across), height = (rows - 1) * down + high + last;
  const boxes = Array.from({length: count}, (_, at) => ({x: at % across * (wide + gap) / width, y: Math.floor(at / across) * down / height,
                                                         width: wide / width, height: high / height}));
  return {boxes, width, height, across};
}

// How many frames stand side by side: the largest with which all panels are seen at once; where they would be too small, as many as
// are not. high(rows, height of a frame): pixels of a panel.
function stripColumns({count, aspect, width, gap, room, panels, high}) {
  const least = width < NARROW_STRIP ? LEAST_FRAME.narrow : LEAST_FRAME.wide, found = [];
  for (let rows = 1; rows <= count; rows++) {
    const across = Math.ceil(count / rows), wide = Math.min(MOST_FRAME, (width - gap * (across - 1)) / across);
    if (Math.ceil(count / across) === rows) found.push({across, wide, fits: panels * high(rows, wide / aspect) <= room});
  }
  const large = found.filter(({wide}) => wide >= least), seen = large.filter(({fits}) => fits);
  return (seen[seen.length - 1] || large[0] || found[found.length - 1]).across;
}

// All frames close together, for a thumbnail; its width is the number of its frames side by side.
function tightSheet(count, aspect) {
  const sheets = Array.from({length: count}, (_, at) => placedOn({count, across: at + 1, wide: 1, high: 1 / aspect, gap: TIGHT.gap,
    down: 1 / aspect + TIGHT.gap, width: at + 1 + at * TIGHT.gap, last: 0}));
  const cost = ({across, width, height}) => Math.abs(Math.log(width / height / TIGHT.aspect)) + (count % across ? 2 - 2 * (count % across) / across : 0);
  return sheets.reduce((best, sheet) => cost(sheet) < cost(best) ? sheet : best);
}

// The boxes of the frames in whole pixels of a rectangle; a photo takes all of it.
function boxesOn(sheet, {x = 0, y = 0, width, height}) {
  return !sheet ? [{x, y, width, height}] : sheet.boxes.map(box => {
    const left = Math.round(x + box.x * width), top = Math.round(y + box.y * height);
    return {x: left, y: top, width: Math.round(x + (box.x + box.width) * width) - left, height: Math.round(y + (box.y + box.height) * height) - top};
  });
}

function pointOn(sheet, x, y) {                       // fractions of the canvas -> a point; null beside the frames
  if (!sheet) return inPicture(x, y);
  const frame = sheet.boxes.findIndex(box => x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height), box = sheet.boxes[frame];
  return box ? inPicture((x - box.x) / box.width, (y - box.y) / box.height, frame) : null;
}
