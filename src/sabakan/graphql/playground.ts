/** `/playground`: a bare page to try queries on, all in one document; nothing is loaded from elsewhere. */

import { type Route, textAnswer } from '../exchange.ts';
import { v1Error } from '../problem-answers.ts';
import { wrongMethod } from '../problems.ts';

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>GraphQL</title>
<style>
  body { font: 14px/1.4 system-ui, sans-serif; margin: 1rem; }
  main { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; height: 85vh; }
  textarea, pre { font: 13px/1.4 ui-monospace, monospace; width: 100%; box-sizing: border-box; }
  #query { height: 70%; } #variables { height: 22%; } pre { overflow: auto; margin: 0; background: #f4f4f4; }
</style>
<h1>GraphQL</h1>
<main>
  <div>
    <textarea id="query" aria-label="query" spellcheck="false">query ($having: MachineParams) {
  searchMachines(having: $having, notHaving: { states: [RETIRED] }) {
    spec { serial rack role ipv4 }
    status { state duration }
  }
}</textarea>
    <textarea id="variables" aria-label="variables" spellcheck="false">{ "having": null }</textarea>
    <button id="run">Run (Ctrl-Enter)</button>
  </div>
  <pre id="result"></pre>
</main>
<script>
  const by = (id) => document.getElementById(id);
  const run = async () => {
    try {
      const variables = JSON.parse(by('variables').value || '{}');
      const answer = await window.fetch('graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: by('query').value, variables }),
      });
      by('result').textContent = JSON.stringify(await answer.json(), null, 2);
    } catch (problem) {
      by('result').textContent = String(problem);
    }
  };
  by('run').addEventListener('click', run);
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey && event.key === 'Enter') run();
  });
</script>
</html>
`;

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";

export const playgroundRoute: Route = {
  name: '/playground',
  handle: async (exchange) => {
    if (exchange.method !== 'GET') return v1Error(exchange, wrongMethod('GET'));
    const answer = textAnswer(200, 'text/html; charset=utf-8', page);
    return { ...answer, headers: { ...answer.headers, 'content-security-policy': policy } };
  },
};
