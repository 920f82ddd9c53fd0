/** How a text looks on a terminal: by what it means. */

export type Style = 'good' | 'bad' | 'odd' | 'faint' | 'added' | 'changed' | 'removed';

/** On a terminal with that style; the text as it is elsewhere. */
export type Paint = (style: Style, text: string) => string;

export const unpainted: Paint = (_, text) => text;

/** Where nothing has to be done about a machine, where something has, and what is on its way. */
export function styleOfState(state: string): Style {
  if (state === 'healthy') return 'good';
  if (state === 'unhealthy' || state === 'unreachable') return 'bad';
  return state === 'retired' ? 'faint' : 'odd';
}
