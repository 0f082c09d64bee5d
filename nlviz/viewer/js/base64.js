// Base64: what the server writes as text, read as bytes or as numbers.
// Gives: bytesOf, floatsOf, halvesOf.

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

function halvesOf(text, count, what) {                // finite float16 numbers, as float32
  const bytes = bytesOf(text);
  if (bytes.length !== 2 * count) throw new Error(`${what}: expected ${count} float16 numbers, got ${bytes.length / 2}`);
  return Float32Array.from(new Uint16Array(bytes.buffer, bytes.byteOffset, count), bits => {
    const exponent = bits >> 10 & 31, share = bits & 1023, size = exponent ? 2 ** (exponent - 25) * (1024 + share) : 2 ** -24 * share;
    return bits & 32768 ? -size : size;
  });
}
