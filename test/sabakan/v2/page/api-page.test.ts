import { describe, expect, it } from 'vitest';
import { operations } from '../../../../src/sabakan/contract/operations.ts';
import { html, prose } from '../../../../src/sabakan/v2/page/html.ts';
import { aFace } from '../../../support/face.ts';

describe('the page of the API', () => {
  it.each(['/api/v2/', '/api/v2/docs', '/api/v2/docs/'])('is at %s', async (path) => {
    const answer = await (await aFace()).must(`GET ${path}`);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.body).toContain('<title>Tetsukan API</title>');
  });

  it('shows each operation with its path, its role and a command', async () => {
    const { body } = await (await aFace()).must('GET /api/v2/');
    for (const { id, path, needs, method } of operations) {
      const article = body.split(`<article id="${id}"`)[1]?.split('</article>')[0] ?? '';
      expect(article, id).toContain(`<code>${path}</code>`);
      expect(article, id).toContain(`Needs the role ${needs}.`);
      expect(article, id).toMatch(method === 'GET' ? /curl -sN? / : `-X ${method}`);
    }
  });

  it('loads nothing but its own style and script, and may run nothing else', async () => {
    const face = await aFace();
    const { body, headers } = await face.must('GET /api/v2/');
    const loaded = [...body.matchAll(/(?:src|href)="([^"#][^"]*)"/g)].map(([, url]) => url);
    expect([...new Set(loaded)].sort()).toEqual([
      '/api/v2/docs/page.css',
      '/api/v2/docs/page.js',
      '/api/v2/openapi.json',
    ]);
    expect(body).not.toMatch(/<script>|style="|\son[a-z]+=/);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; style-src 'self'/);
    for (const name of ['page.css', 'page.js']) await face.must(`GET /api/v2/docs/${name}`);
  });

  it('has a target for each of its links', async () => {
    const { body } = await (await aFace()).must('GET /api/v2/');
    const ids = new Set([...body.matchAll(/id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...body.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.filter((id) => !ids.has(id ?? ''))).toEqual([]);
    expect(links.length).toBeGreaterThan(operations.length);
  });

  it('is for reading only', async () => {
    const answer = await (await aFace()).ask('POST /api/v2/docs');
    expect(answer.statusCode).toBe(405);
  });
});

describe('html', () => {
  it('escapes what is put into it, once', () => {
    const name = '<b a="1">&';
    expect(html`<p title="${name}">${html`${name}`}</p>`.html).toBe(
      '<p title="&lt;b a=&quot;1&quot;&gt;&amp;">&lt;b a=&quot;1&quot;&gt;&amp;</p>',
    );
    expect(prose('`a<b` c').html).toBe('<code>a&lt;b</code> c');
    expect(html`${false}${undefined}${[1, 'x']}`.html).toBe('1x');
  });
});
