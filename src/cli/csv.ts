/** Comma-separated values for spreadsheets and programs (RFC 4180). */

/** What a spreadsheet would take for a formula, even behind spaces; a number with a sign is only a number. */
const formula = /^\s*[=+\-@\t\r]/;
const number = /^[+-]?\d+(\.\d+)?$/;

/** Rows ended by CR LF (RFC 4180 section 2.1). A cell that would be a formula begins with an apostrophe. */
export function formatCsv(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `${row.map(formatCell).join(',')}\r\n`).join('');
}

function formatCell(text: string): string {
  const safe = formula.test(text) && !number.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
