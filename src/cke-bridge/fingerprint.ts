/** A short fingerprint that tells whether a text is still the one we wrote. Not a defence against forgers. */

/** 128 bits as hexadecimal, from four FNV-1a lanes with different starts; about a millisecond for 100 KB. */
export function fingerprintOf(text: string): string {
  const lanes = [0x811c9dc5, 0x01000193, 0x9e3779b9, 0x85ebca6b];
  let [a = 0, b = 0, c = 0, d = 0] = lanes;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ (code + a), 0x01000193);
    c = Math.imul(c ^ (code + b), 0x01000193);
    d = Math.imul(d ^ (code + c), 0x01000193);
  }
  return [a, b, c, d].map((lane) => (lane >>> 0).toString(16).padStart(8, '0')).join('');
}
