// Measuring: asks the server for each panel's numbers, one request at a time, and keeps every answer: what was asked once is not
// asked again. No page.
// Gives: createMeasuring.
// Takes: base64.js: floatsOf; geometry.js: gridOf; looks.js: measure.

const STEPS = ["attention", "fresh"];

// onChange() is told when there is something new.
function createMeasuring(onDepends, onChange) {
  const records = new Map();                          // name -> {attention, fresh, error}; the numbers of one map of one network
  let requests = [], timer = 0, running = false, stopped = () => false;

  function recordOf({name}) {
    if (!records.has(name)) records.set(name, {attention: null, fresh: null, error: ""});
    return records.get(name);
  }

  function follow(next, isGone) {                     // requests: {name, waiting, request}, one for each panel now shown
    requests = next; stopped = isGone;
    timer ||= setTimeout(() => { timer = 0; run(); });                   // after the first draw
  }

  function nextStep() {                               // the first step of every panel, then the second
    if (stopped()) return null;
    const isDue = (one, step) => { const record = recordOf(one); return !one.waiting && !record.error && !record[step]; };
    const step = STEPS.find(name => requests.some(one => isDue(one, name)));
    return step && {step, one: requests.find(one => isDue(one, step))};
  }

  async function run() {
    if (running) return;
    running = true;
    try { for (let next; (next = nextStep());) { onChange(); await measureOne(next); } } finally { running = false; onChange(); }
  }

  async function measureOne({one, step}) {
    try { recordOf(one)[step] = decodeStep(step, await onDepends({...one.request, step})); }
    catch (error) { if (requests.some(({name}) => name === one.name)) recordOf(one).error = error?.message || String(error); }
  }

  function again(one) {
    recordOf(one).error = "";
    onChange();
    run();
  }

  function progress() {                               // [step under way, steps] of the panels now shown; null when all is said
    const finished = ({attention, fresh, error}) => error ? 2 : Number(Boolean(attention)) + Number(Boolean(fresh));
    const done = requests.reduce((sum, one) => sum + finished(recordOf(one)), 0), all = STEPS.length * requests.length;
    return done < all ? [done + 1, all] : null;
  }

  return {follow, recordOf, again, progress};
}

function decodeStep(step, answer) {
  const {picture} = answer;
  if (step === "fresh" || !picture) return answer;
  const grid = gridOf(picture.grid, picture.place), values = floatsOf(picture.data, grid.size, "picture of the dependence");
  const finite = values.filter(Number.isFinite);
  return {...answer, picture: finite.length ? {shownGrid: grid, values, scratches: new Map(), ...measure(finite)} : null};
}
