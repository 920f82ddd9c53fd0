/** Server-sent events (HTML Living Standard, section 9.2) out of pieces of text, as far as our servers send them. */

export type ServerEvent = {
  /** Of the last event that had one. */
  readonly id: string;
  readonly name: string;
  readonly data: string;
};

/** All changes of one revision are one event: a whole fleet registered at once. */
const eventCharactersMax = 64 * 1024 * 1024;

/** @returns for each piece the events that it completes. */
export function createEventReader(lastId: string): (piece: string) => readonly ServerEvent[] {
  let rest = '';
  let id = lastId;
  let name = '';
  let data: string[] = [];

  const line = (text: string): ServerEvent | undefined => {
    if (text === '') {
      const event = data.length === 0 ? undefined : { id, name, data: data.join('\n') };
      name = '';
      data = [];
      return event;
    }
    const colon = text.indexOf(':');
    const field = colon === -1 ? text : text.slice(0, colon);
    const value = colon === -1 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'id') id = value;
    else if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
    return undefined;
  };

  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > eventCharactersMax) {
      throw new RangeError(`an event is longer than ${eventCharactersMax} characters`);
    }
    return lines.flatMap((text) => line(text.replace(/\r$/, '')) ?? []);
  };
}
