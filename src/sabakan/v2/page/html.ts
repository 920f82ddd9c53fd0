/** Text that is safe in HTML. */

/** HTML that may be put together with other HTML as it is. */
export type Html = { readonly html: string };

type Piece = Html | string | number | undefined | false | readonly Piece[];

/** Texts between are escaped, HTML is not, and what is undefined or false is nothing. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Html {
  const text = strings.map((string, at) => string + textOf(pieces[at])).join('');
  return { html: text };
}

function textOf(piece: Piece): string {
  if (piece === undefined || piece === false) return '';
  if (typeof piece === 'string' || typeof piece === 'number') return escaped(String(piece));
  return 'html' in piece ? piece.html : piece.map(textOf).join('');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Words in backquotes become code. */
export function prose(text: string): Html {
  return { html: escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>') };
}
