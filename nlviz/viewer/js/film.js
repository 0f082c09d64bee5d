// Film: the frames of a clip on canvases, cut from the one image in which they come.
// Gives: sheetFor, aspectOf, filmCanvas, drawFrames, fitBox.
// Takes: sheet.js: tightSheet, boxesOn; drawing.js: clear, fitCanvas.

const MOST_IMAGES = 4, images = new Map();            // of the clips shown last: address -> image

function imageAt(url) {
  const image = images.get(url) || document.createElement("img");
  images.delete(url);
  images.set(url, image);
  if (!image.src) image.src = url;
  if (images.size > MOST_IMAGES) images.delete(images.keys().next().value);
  return image;
}

// The close sheet of a clip's frames, for small pictures; null for a photo, which needs none.
function sheetFor(picture) {
  const {clip, width, height} = picture;
  return clip && (picture.sheet ||= tightSheet(clip.count, width / height));
}

function aspectOf(picture) {                          // of a small picture: of the photo, or of all frames
  const sheet = sheetFor(picture);
  return sheet ? sheet.width / sheet.height : picture.width / picture.height;
}

function filmCanvas(picture, name) {
  const canvas = document.createElement("canvas");
  canvas.className = name;
  return Object.assign(canvas, {picture});
}

function drawFilm(canvas) {                           // now, or when its image has come
  const {url} = canvas.picture, image = imageAt(url), draw = () => drawFrames(clear(canvas), canvas.picture, image, boxesOn(canvas.sheet, canvas));
  if (image.complete && image.naturalWidth) draw(); else image.addEventListener("load", draw, {once: true});
}

function drawFrames(context, {clip: {count, across}}, image, boxes) {
  const wide = image.naturalWidth / across, high = image.naturalHeight / Math.ceil(count / across);
  context.imageSmoothingQuality = "high";
  boxes.forEach(({x, y, width, height}, frame) =>
    context.drawImage(image, frame % across * wide, Math.floor(frame / across) * high, wide, high, x, y, width, height));
}

// The canvases of a picture's box in their size; sheet: where its frames stand, of a small picture close together.
function fitBox({box, photo, heat, marks}, picture, width, height, sheet = sheetFor(picture)) {
  for (const canvas of [heat, marks, picture.clip ? photo : null].filter(Boolean)) { fitCanvas(canvas, width, height); canvas.sheet = sheet; }
  box.sheet = sheet;
  if (picture.clip) drawFilm(photo);
}
