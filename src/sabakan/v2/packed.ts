/** Long answers as they are kept: gzip (RFC 1952) in base64, a tenth of a list of machines. */

/** @returns text of ASCII alone. */
export async function pack(text: string): Promise<string> {
  const octets = await piped(new TextEncoder().encode(text), new CompressionStream('gzip'));
  return btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join(''));
}

/** @throws on what `pack` did not write. */
export async function unpack(packed: string): Promise<string> {
  const octets = Uint8Array.from(atob(packed), (octet) => octet.charCodeAt(0));
  return new TextDecoder().decode(await piped(octets, new DecompressionStream('gzip')));
}

async function piped(
  octets: Uint8Array<ArrayBuffer>,
  through: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const stream = new Response(octets).body?.pipeThrough(through);
  return new Uint8Array(await new Response(stream ?? null).arrayBuffer());
}
