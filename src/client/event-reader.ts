/** Server-sent events (HTML Living Standard, section 9.2) out of a stream of text, as far as a server of ours sends them. */

export type ServerEvent = {
  /** Of the last event that had one: where to go on. */
  readonly id: string;
  readonly name: string;
  readonly data: string;
};

/** One event holds all changes of one revision; registering a hall at once is some megabytes. */
export const eventCharactersMax = 64 * 1024 * 1024;

/** @returns for each piece of the stream the events that it completes */
export function createEventReader(lastId: string): (piece: string) => readonly ServerEvent[] {
  let rest = '';
  let id = lastId;
  let name = '';
  let data: string[] = [];

  const line = (text: string): ServerEvent | undefined => {
    if (text === '') {
      const event = { id, name: name === '' ? 'message' : name, data: data.join('\n') };
      const isEmpty = data.length === 0;
      name = '';
      data = [];
      return isEmpty ? undefined : event;
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
    const lines = (rest + piece).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    if (rest.length > eventCharactersMax) {
      throw new RangeError(`an event is longer than ${eventCharactersMax} characters`);
    }
    return lines.flatMap((text) => line(text) ?? []);
  };
}
