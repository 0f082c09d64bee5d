// Layout: how many panels stand side by side, and lines that keep their height.
// Gives: keepHeight, layoutFor.

// A line whose words come and go keeps the height it once needed, so that nothing below it jumps; the result lets it shrink again.
function keepHeight(node) {
  new ResizeObserver(() => {
    if (node.offsetHeight > parseFloat(node.style.minHeight || 0)) node.style.minHeight = `${node.offsetHeight}px`;
  }).observe(node);
  return () => { node.style.minHeight = ""; };
}

// The fewest rows of panels, and in them the largest panels: at least 220 px wide where there is room, two side by side on a phone.
function layoutFor(width, count, aspect) {
  const gap = width < 640 ? 12 : 20, tallest = Math.max(240, 0.7 * window.innerHeight), widest = Math.floor(Math.min(480, tallest * aspect));
  const fits = size => Math.floor((width + gap) / (Math.min(size, widest) + gap));
  const most = Math.max(1, width < 640 ? Math.min(2, fits(140)) : fits(220));
  const rows = Math.ceil(count / most), fewest = Math.min(most, Math.ceil((width + gap) / (widest + gap)));
  return {gap, widest, columns: Math.min(count, Math.max(fewest, Math.ceil(count / rows)))};
}
