/** How the page looks, and the search in it. Without the script everything but the search works. */

export const pageStyle = `:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfaf8, #14161a);
  --panel: light-dark(#ffffff, #1b1e24);
  --line: light-dark(#e4e1db, #2e333c);
  --ink: light-dark(#1d2026, #e4e6ea);
  --dim: light-dark(#5f6672, #9aa3b2);
  --accent: light-dark(#9a3412, #fdba74);
  --code: light-dark(#f3f1ec, #22262e);
  --get: light-dark(#1d4ed8, #93c5fd);
  --post: light-dark(#15803d, #86efac);
  --patch: light-dark(#a16207, #fde047);
  --delete: light-dark(#b91c1c, #fca5a5);
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1.5rem; }
body {
  margin: 0; display: grid; grid-template-columns: 21rem minmax(0, 1fr);
  background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, sans-serif;
}
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; font-size: 0.9em; }
a { color: inherit; text-decoration-color: var(--line); text-underline-offset: 0.2em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--panel); padding: 0.5rem 1rem; z-index: 1; }

nav {
  position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1rem;
  border-right: 1px solid var(--line); background: var(--panel);
}
.brand { margin: 0 0.5rem 1rem; font-weight: 650; font-size: 1.1rem; }
.brand span { color: var(--dim); font-weight: 400; }
#search {
  width: 100%; padding: 0.5rem 0.75rem; font: inherit; color: inherit;
  border: 1px solid var(--line); border-radius: 6px; background: var(--ground);
}
#none { color: var(--dim); margin: 1rem 0.5rem; }
nav h2 { margin: 1.25rem 0.5rem 0.35rem; font-size: 0.8rem; font-weight: 600; color: var(--dim); }
nav h2 a { text-decoration: none; }
nav ul { list-style: none; margin: 0; padding: 0; }
nav li a {
  display: flex; gap: 0.6rem; align-items: baseline; padding: 0.2rem 0.5rem;
  border-radius: 5px; text-decoration: none; font-size: 0.87rem;
}
nav li a:hover { background: var(--code); }
nav li span { overflow-wrap: anywhere; }

.method { font: 650 0.7rem/1 ui-monospace, monospace; min-width: 2.9rem; color: var(--get); }
.post { color: var(--post); } .put, .patch { color: var(--patch); } .delete { color: var(--delete); }

main { padding: 2.5rem clamp(1.25rem, 5vw, 4rem) 6rem; max-width: 62rem; }
h1 { margin: 0; font-size: 2rem; letter-spacing: -0.02em; }
.version, .needs { color: var(--dim); }
.version { margin-top: 0.2rem; }
.tag > h2 { margin: 3.5rem 0 0; font-size: 1.4rem; letter-spacing: -0.01em; }
.tag > p { margin: 0.25rem 0 0; color: var(--dim); }
article {
  margin-top: 1.5rem; padding: 1.25rem 1.5rem 1.5rem; background: var(--panel);
  border: 1px solid var(--line); border-radius: 8px;
}
article:target { border-color: var(--accent); }
h3 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
h3 a { text-decoration: none; }
h3 .method { font-size: 0.8rem; display: inline-block; }
.summary { margin: 0.4rem 0 0; }
.needs { margin: 0.1rem 0 0; font-size: 0.87rem; }
h4 { margin: 1.4rem 0 0.4rem; font-size: 0.87rem; font-weight: 600; }
.media { color: var(--dim); font-weight: 400; }
table { width: 100%; border-collapse: collapse; font-size: 0.92rem; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.75rem 0.4rem 0; border-top: 1px solid var(--line); }
th { width: 11.5rem; font-weight: 400; }
th small { display: block; color: var(--dim); }
.refusal code { color: var(--delete); } .success th code { color: var(--post); }
pre {
  margin: 0; padding: 0.9rem 1.1rem; overflow-x: auto; background: var(--code);
  border-radius: 6px; line-height: 1.5;
}
:not(pre) > code { background: var(--code); border-radius: 4px; padding: 0.08em 0.3em; }
h3 code, code.name { background: none; padding: 0; }
.schema { list-style: none; margin: 0; padding: 0 0 0 0.9rem; border-left: 1px solid var(--line); font-size: 0.92rem; }
.schema li { padding: 0.15rem 0; }
.schema .name { font-weight: 600; }
.type, .bounds, .optional { color: var(--dim); }
.type { color: var(--accent); }
.optional { font-size: 0.8rem; }
.about { color: var(--dim); }
.about::before { content: "· "; }
summary { cursor: pointer; }
details > .schema { margin-top: 0.2rem; }
.leaf { margin: 0.2rem 0; }
[hidden] { display: none !important; }

@media (max-width: 52rem) {
  body { display: block; }
  nav { position: static; height: auto; max-height: 45vh; border-right: 0; border-bottom: 1px solid var(--line); }
  article { padding: 1rem; }
  th { width: 8rem; }
}
@media print { nav { display: none; } body { display: block; } article { break-inside: avoid; } }
`;

export const pageScript = `'use strict';
const search = document.getElementById('search');
const none = document.getElementById('none');
const entries = [...document.querySelectorAll('[data-find]')];
const groups = [...document.querySelectorAll('nav section, main section.tag')];
search.hidden = false;
search.addEventListener('input', () => {
  const words = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const entry of entries) {
    entry.hidden = !words.every((word) => entry.dataset.find.includes(word));
  }
  for (const group of groups) {
    const inside = [...group.querySelectorAll('[data-find]')];
    group.hidden = words.length > 0 && inside.every((entry) => entry.hidden);
  }
  none.hidden = entries.some((entry) => !entry.hidden);
});
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || event.target === search || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  search.focus();
});
`;
