/** The octets of an artefact, read as its server would: files are closed in the end. */

import type { Artefact, Content } from '../../src/pxe/http/artefact.ts';

export async function octetsOf(
  artefact: Content | Artefact,
  start = 0,
  end = artefact.sizeBytes,
): Promise<Uint8Array> {
  const opened = await artefact.open();
  if (!opened.ok) throw new Error(opened.error.text);
  if (opened.value.kind === 'bytes') return opened.value.bytes.subarray(start, end);
  const parts: Uint8Array[] = [];
  for await (const part of opened.value.read(start, end)) parts.push(part.slice());
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
