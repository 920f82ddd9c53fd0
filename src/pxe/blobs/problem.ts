/** What can go wrong with storing a blob of any kind: boot images and assets share it. */

/** The disk is full or broken, or what is stored about blobs cannot be read. */
export type ShelfProblem = { readonly kind: 'shelf-failed'; readonly text: string };

/** The stream was cut, or is not what it should be. */
export type BrokenUpload = { readonly kind: 'upload-broken'; readonly text: string };

/** As many uploads as allowed are under way. */
export type UploadsBusy = { readonly kind: 'uploads-busy'; readonly text: string };

export function uploadsBusy(uploads: number): UploadsBusy {
  return {
    kind: 'uploads-busy',
    text: `${uploads} uploads are under way already, try again later`,
  };
}

/** @param expected as the client announced it. */
export function wrongDigest(sha256: string, expected: string): BrokenUpload {
  const text = `the SHA-256 of what came is ${sha256}, not ${expected} as announced`;
  return { kind: 'upload-broken', text };
}

export function tooManyBytes(bytesMax: number): BrokenUpload {
  return { kind: 'upload-broken', text: `more came than the ${bytesMax} bytes announced` };
}

export function cutShort(error: unknown): BrokenUpload {
  const why = error instanceof Error ? error.message : String(error);
  return { kind: 'upload-broken', text: `the upload broke off: ${why}` };
}

export function tooFewBytes(bytes: number, announced: number): BrokenUpload {
  return { kind: 'upload-broken', text: `only ${bytes} of the ${announced} bytes announced came` };
}
