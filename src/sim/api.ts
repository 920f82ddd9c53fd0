/** A client of the server: plain requests, as `curl` would send them. */

import { fail, ok, type Result } from '../base/result.ts';
import type { HttpClient, HttpRequest } from '../base/world.ts';

export type Api = {
  readonly get: <T>(path: string) => Promise<Result<T, string>>;
  readonly send: (
    method: 'PUT' | 'POST' | 'DELETE',
    path: string,
    body: unknown,
  ) => Promise<Result<void, string>>;
};

const timeoutMs = 10_000;
const bodyBytesMax = 64 * 1024 * 1024;

/** @param baseUrl `http://127.0.0.1:10080` */
export function createApi(http: HttpClient, baseUrl: string): Api {
  const ask = async (
    request: Pick<HttpRequest, 'method' | 'headers' | 'body'>,
    path: string,
  ): Promise<Result<string, string>> => {
    const url = `${baseUrl}${path}`;
    const answer = await http.request({ ...request, url, timeoutMs, bodyBytesMax });
    if (!answer.ok) return fail(`${request.method} ${url}: ${answer.error.text}`);
    const text = new TextDecoder().decode(answer.value.body);
    if (answer.value.status >= 300) {
      return fail(`${request.method} ${url}: ${answer.value.status} ${text.slice(0, 500).trim()}`);
    }
    return ok(text);
  };

  return {
    get: async <T>(path: string) => {
      const text = await ask({ method: 'GET' }, path);
      if (!text.ok) return text;
      try {
        return ok(JSON.parse(text.value) as T);
      } catch {
        return fail(`GET ${baseUrl}${path}: not JSON: ${text.value.slice(0, 200)}`);
      }
    },
    send: async (method, path, body) => {
      const isBytes = body instanceof Uint8Array;
      const done = await ask(
        {
          method,
          headers: { 'content-type': isBytes ? 'application/tar' : 'application/json' },
          body: isBytes ? body : new TextEncoder().encode(JSON.stringify(body)),
        },
        path,
      );
      return done.ok ? ok(undefined) : done;
    },
  };
}
