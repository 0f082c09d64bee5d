// Channels: which count most, which are related, and the feature map of one. No drawing, no page.
// Gives: rankingOf, mostRelated, median, featureScale, featureOf.
// Takes: weights.js: countTo.

function receivedBy({data, keys}, channel) {
  let sum = 0;
  for (let row = 0; row < keys; row++) sum += data[row * keys + channel];
  return sum;
}

// How much each channel counts (the weight it receives; of a gate its value), from the most to the least, and who has which rank.
function rankingOf(map) {
  if (map.ranking) return map.ranking;
  const counts = Float64Array.from(countTo(map.keys), channel => map.isGate ? map.data[channel] : receivedBy(map, channel));
  const order = countTo(map.keys).sort((a, b) => counts[b] - counts[a] || a - b), rank = new Int32Array(map.keys);
  order.forEach((channel, at) => { rank[channel] = at + 1; });
  return map.ranking = {order, rank, inOrder: countTo(map.keys)};
}

function mostRelated(map, channel, count = 3) {       // [channel, weight], the largest weights of a channel's row first
  const row = map.data.subarray(channel * map.keys, (channel + 1) * map.keys), found = [];
  while (found.length < Math.min(count, row.length)) {
    let best = -1;
    for (let j = 0; j < row.length; j++) if (!found.includes(j) && (best < 0 || row[j] > row[best])) best = j;
    found.push(best);
  }
  return found.map(other => [other, row[other]]);
}

function median(values) {
  const sorted = values.slice().sort(), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const featureScale = ({low, high}, channel) => ({low: low[channel], high: high[channel]});

function featureOf(features, channel) {               // a look at one feature map: drawn like a map, on its own scale
  const {data, grid, values, scratches} = features, scale = featureScale(features, channel), perStep = (scale.high - scale.low) / 255;
  for (let j = 0, p = channel * grid.size; j < values.length; j++, p++) values[j] = scale.low + data[p] * perStep;
  return {values, shownGrid: grid, scratches, scale};
}
