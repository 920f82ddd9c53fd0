/** Numbers of bytes for people. */

/** 1536 → `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  let size = bytes;
  while (size >= 1024 && at < units.length - 1) {
    size /= 1024;
    at += 1;
  }
  const text = at === 0 || size >= 100 ? String(Math.round(size)) : size.toFixed(1);
  return `${text} ${units[at]}`;
}
