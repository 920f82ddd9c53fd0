/** Netascii, as RFC 1350 takes it from RFC 764: LF becomes CR LF, CR becomes CR NUL. */

const [lf, cr, nul] = [0x0a, 0x0d, 0x00];

/** Converted as a whole, so that no pair is torn at a block's edge. */
export function netasciiOf(content: Uint8Array): Uint8Array {
  let extra = 0;
  for (const octet of content) if (octet === lf || octet === cr) extra += 1;
  const converted = new Uint8Array(content.length + extra);
  let at = 0;
  for (const octet of content) {
    if (octet === lf) converted[at++] = cr;
    converted[at++] = octet;
    if (octet === cr) converted[at++] = nul;
  }
  return converted;
}
