/**
 * Text that goes into an iPXE script, made harmless. iPXE ends a command at a line's end, expands `${…}`, splits at
 * white space, and knows `||`, `&&` and `#` as words and a trailing backslash as "goes on"; none of that may come
 * from a value.
 */

import { fail, ok, type Result } from '../../base/result.ts';

/** RFC 3986 section 2.3: all but the unreserved characters become `%XX`, so the result is one harmless word. */
export function encodeForUrl(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** For `echo`: plain characters stay, everything else becomes `?`. */
export function encodeForConsole(text: string): string {
  return text.replace(/[^A-Za-z0-9 .,:;/_()"'+=-]/g, '?').slice(0, 200);
}

/** The base of all our URLs, from the configuration: scheme, host, port, path, and nothing a script could run. */
export function parseBaseUrl(text: string): Result<string, string> {
  const isPlain = /^https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?(\/[A-Za-z0-9._~/-]*)?$/.test(text);
  return isPlain && URL.canParse(text)
    ? ok(text.replace(/\/+$/, ''))
    : fail(`"${text}" is not a URL such as http://10.69.0.3:10080`);
}

/** Sabakan's class: inside it `,-_` is a range, so `/ : ; < = > ? @ [ \ ] ^` are kernel parameters too. */
const kernelParams = /^[0-9a-zA-Z.,-_= ]*$/;

export function areKernelParams(text: string): boolean {
  return kernelParams.test(text);
}
