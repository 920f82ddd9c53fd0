import { describe, expect, it } from 'vitest';
import { createEventReader } from '../../src/client/event-reader.ts';

describe('the reader of server-sent events', () => {
  const text =
    'id: 7\nevent: changes\ndata: {"a":1}\n\n: a comment\nevent: error\ndata: x\ndata: y\n\n';
  const events = [
    { id: '7', name: 'changes', data: '{"a":1}' },
    { id: '7', name: 'error', data: 'x\ny' },
  ];

  it('gives the same events wherever the stream is cut', () => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const read = createEventReader('5');
      expect([...read(text.slice(0, cut)), ...read(text.slice(cut))]).toEqual(events);
    }
  });

  it('takes every kind of line end', () => {
    expect(createEventReader('5')(text.replaceAll('\n', '\r\n'))).toEqual(events);
  });

  it('gives nothing of an event that is not whole, and keeps the id it began with', () => {
    const read = createEventReader('5');
    expect(read('data: x\n')).toEqual([]);
    expect(read('\n')).toEqual([{ id: '5', name: 'message', data: 'x' }]);
    expect(read('id: 8\n\n')).toEqual([]);
  });
});
