import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { quietCommand, withoutServices } from '../../scripts/quiet-install.mjs';

let folder = '';
let file = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tetsukan-quiet-'));
  file = join(folder, 'policy-rc.d');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('an installation for measurements', () => {
  it('forbids services to start while it runs, and leaves nothing behind', () => {
    const said: string[] = [];
    const seen = withoutServices(
      () => readFileSync(file, 'utf8'),
      (text: string) => said.push(text),
      file,
    );
    expect(seen).toContain('exit 101');
    expect(existsSync(file)).toBe(false);
    expect(said).toEqual([]);
  });

  it('leaves nothing behind when it fails', () => {
    const install = (): never => {
      throw new Error('no such package');
    };
    expect(() => withoutServices(install, () => {}, file)).toThrow('no such package');
    expect(existsSync(file)).toBe(false);
  });

  it("leaves the user's own policy alone and says so", () => {
    writeFileSync(file, '#!/bin/sh\nexit 0\n');
    const said: string[] = [];
    withoutServices(
      () => undefined,
      (text: string) => said.push(text),
      file,
    );
    expect(readFileSync(file, 'utf8')).toBe('#!/bin/sh\nexit 0\n');
    expect(said.join()).toContain('left alone');
  });

  it('takes away what a killed installation left', () => {
    withoutServices(
      () => writeFileSync(join(folder, 'left'), readFileSync(file)),
      () => {},
      file,
    );
    writeFileSync(file, readFileSync(join(folder, 'left')));
    withoutServices(
      () => undefined,
      () => {},
      file,
    );
    expect(existsSync(file)).toBe(false);
  });

  it('is one command for who is not root', () => {
    const command = quietCommand(['nginx', 'kea-admin'], ['nginx']);
    expect(command).toMatch(
      /^sudo sh -c '.*policy-rc\.d.*install .* nginx kea-admin;.*disable nginx.*'$/,
    );
  });
});
