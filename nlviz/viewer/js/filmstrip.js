// The filmstrip of a panel: its frames side by side, below each its number and what it gets of the row; beside them past, same frame
// and future as three numbers, and how much goes from frame to frame.
// Gives: STRIP_GAP, stripHeight, createFilmstrip, filmAside, withFilm, filmMarks, sharesOfFrames.
// Takes: sheet.js: sheetOf; words.js: percent; frame_shares.js: frameShares, timeShares; film.js: fitBox; arrows.js: drawArrows; following.js:
//   drawFollowed; parts.js: element, div, span, setText; frames_matrix.js: framesMatrix.

const STRIP_GAP = 4, WORDS_BELOW = 22;                // pixels
const stripHeight = (rows, high) => rows * (high + WORDS_BELOW) + (rows - 1) * STRIP_GAP;

// parts: of the panel, {box, photo, heat, marks}
function createFilmstrip(picture, parts) {
  const {clip} = picture, entries = clip.numbers.map((number, frame) => frameWords(clip, number, frame));
  parts.box.append(div("frames", ...entries.map(entry => entry.node)));

  function fit(across) {
    const sheet = sheetOf({count: clip.count, across, aspect: picture.width / picture.height, width: parts.box.clientWidth, gap: STRIP_GAP, below: WORDS_BELOW});
    parts.box.style.height = `${sheet.height}px`;
    fitBox(parts, picture, sheet.width, sheet.height, sheet);
    sheet.boxes.forEach(({x, y, width, height}, frame) => entries[frame].place(x * sheet.width, (y + height) * sheet.height, width * sheet.width));
  }

  function draw({frame, shares, signed}) {            // shares: of each frame, or null
    const most = shares && Math.max(...shares.map(Math.abs));
    entries.forEach((entry, at) => entry.draw(at === frame, shares && shareText(shares[at], signed), most > 0 ? Math.abs(shares[at]) / most : 0));
  }

  return {fit, draw};
}

function shareText(share, signed) {                     // "12 %"; with a sign where it is a difference
  const size = Math.abs(share), text = size < 1e-6 ? "0 %" : size < 0.0005 ? "<0.1 %" : percent(size);
  return text === "0 %" || !signed ? text : `${share > 0 ? "+" : "−"}${text}`;
}

function frameWords({seconds}, number, frame) {
  const share = span("frame-share"), bar = span("frame-bar"), when = seconds[frame] == null ? "" : `, ${seconds[frame].toFixed(2)} s`;
  const node = element("div", {class: "nlviz-frame", "data-frame": frame, title: `frame ${frame + 1}: number ${number + 1} of the video${when}`},
    bar, span("frame-name", span("frame-word", "frame "), String(frame + 1)), share);

  function place(left, top, width) {
    Object.assign(node.style, {left: `${left}px`, top: `${top}px`, width: `${width}px`});
    node.classList.toggle("nlviz-narrow-frame", width < 96);
  }

  function draw(isAsking, text, part) {
    node.classList.toggle("nlviz-asking", isAsking);
    setText(share, text ?? "");
    bar.style.width = `${(100 * part).toFixed(1)}%`;
  }

  return {node, place, draw};
}

// ---------------------------------------------------------------------------------------------------- beside the frames

const TIMES_OF = {past: ["past", "frames before"], same: ["same", "the same frame"], future: ["future", "frames after"]};

function filmAside() {
  const cells = Object.fromEntries(Object.keys(TIMES_OF).map(name => [name, span("time-share")])), matrix = framesMatrix();
  const times = div("times", ...Object.entries(TIMES_OF).map(([name, [words, title]]) =>
    element("div", {class: "nlviz-time", "data-time": name, title: `what the keys of ${title} get`}, cells[name], span("time-name", words))));
  const node = div("film-aside", times, matrix.node);

  function draw({look, frame, frames, palette}) {
    const found = timeShares(look);
    for (const [name, cell] of Object.entries(cells)) setText(cell, found ? shareText(found[name], look.centred) : "–");
    times.hidden = look.map.ofChannels || look.map.isGate || Boolean(look.alike);
    matrix.draw(frames, frame, palette);
  }

  return {node, draw};
}

// The panel of the clip itself: its frames without heat, beside them what plays it. Of a photo nothing is added.
function withFilm(panel, playing) {
  if (!panel.picture.clip) return panel;
  const film = createFilmstrip(panel.picture, panel);
  panel.node.querySelector(".nlviz-views").after(div("film-aside", playing.node));
  return {...panel, film, draw({frame}) { film.draw({frame, shares: null}); playing.draw(); }};
}

// What is drawn over the frames of a panel besides its cell and its pins: arrows, and where pins are followed to.
function filmMarks(look, followed, settings) {
  return (context, frames) => {
    for (const {points, index} of settings.follow ? followed : []) if (points.length > 1) drawFollowed(context, frames, points, index);
    if (look.values && look.asked >= 0 && !look.token && settings.arrows) drawArrows(context, frames, look, settings.arrows);
  };
}

const sharesOfFrames = (look, count) => ({shares: frameShares(look, count), signed: look.centred});
