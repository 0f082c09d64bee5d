// Base64: what the server writes as text, read as bytes or as numbers.
// Gives: bytesOf, floatsOf.

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function floatsOf(text, count, what) {
  const bytes = bytesOf(text);
  if (bytes.length !== 4 * count) throw new Error(`${what}: expected ${count} float32 numbers, got ${bytes.length / 4}`);
  return new Float32Array(bytes.buffer, bytes.byteOffset, count);
}
