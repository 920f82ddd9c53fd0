import { describe, expect, test } from 'vitest';
import {
  defaultBridgeSettings,
  defaultConstraints,
  parseBridgeSettings,
  parseConstraints,
} from '../../src/cke-bridge/settings.ts';

describe('constraints', () => {
  test('have CKE names, and a member that is not given has its default', () => {
    expect(parseConstraints(undefined)).toEqual({ ok: true, value: defaultConstraints });
    expect(parseConstraints({ 'control-plane-count': 3 })).toEqual({
      ok: true,
      value: { controlPlaneCount: 3, minimumWorkersRate: 80 },
    });
  });

  test('name every mistake', () => {
    const parsed = parseConstraints({
      'control-plane-count': 0,
      'minimum-workers': 3,
      'minimum-workers-rate': 101,
    });
    expect(parsed.ok ? [] : parsed.error.map((mistake) => mistake.path).sort()).toEqual([
      '/control-plane-count',
      '/minimum-workers',
      '/minimum-workers-rate',
    ]);
  });
});

describe('settings of the bridge', () => {
  test('default to every healthy machine', () => {
    expect(parseBridgeSettings({})).toEqual({ ok: true, value: defaultBridgeSettings });
    expect(parseBridgeSettings({ workers: 'all' })).toEqual({
      ok: true,
      value: defaultBridgeSettings,
    });
  });

  test('take counts and spares per role', () => {
    const parsed = parseBridgeSettings({
      workers: { cs: 20 },
      spares: { cs: 2 },
      'replace-after-seconds': 5,
    });
    expect(parsed).toEqual({
      ok: true,
      value: {
        ...defaultBridgeSettings,
        workers: new Map([['cs', 20]]),
        spares: new Map([['cs', 2]]),
        replaceAfterSeconds: 5,
      },
    });
  });

  test.each([
    [{ workers: 'some' }, '/workers'],
    [{ workers: { cs: -1 } }, '/workers/cs'],
    [{ workers: { boot: 3 } }, '/workers/boot'],
    [{ spares: { 'bad role!': 1 } }, '/spares/bad role!'],
    [{ 'replace-after-seconds': '5s' }, '/replace-after-seconds'],
    [{ 'removals-per-pass-max': 0 }, '/removals-per-pass-max'],
    [{ 'flap-hold-seconds': 5 }, '/flap-hold-seconds'],
    [{ replaceAfterSeconds: 5 }, '/replaceAfterSeconds'],
    [[], ''],
  ])('%j is refused at %s', (given, path) => {
    const parsed = parseBridgeSettings(given);
    expect(parsed.ok ? [] : parsed.error.map((mistake) => mistake.path)).toEqual([path]);
  });
});
