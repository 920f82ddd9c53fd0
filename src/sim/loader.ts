/** How firmware and iPXE download: UEFI HTTP boot, PXE's TFTP with its habits, and plain GETs. */

import { fail, ok, type Result } from '../base/result.ts';
import type { Clock, HttpClient, Net } from '../base/world.ts';
import type { Lease } from './dhcp-client.ts';
import type { Firmware } from './firmware.ts';
import type { Life } from './life.ts';
import { readByTftp, type TftpWish } from './tftp-client.ts';

const timeoutMs = 60_000;
const bodyBytesMax = 256 * 1024 * 1024;

/** GET, whole, with the length checked against what was announced. */
export async function fetchByHttp(
  http: HttpClient,
  url: string,
  userAgent: string,
): Promise<Result<Uint8Array, string>> {
  if (!URL.canParse(url) || !url.startsWith('http://')) return fail('not an http:// URL');
  const got = await http.request({
    method: 'GET',
    url,
    headers: { 'user-agent': userAgent },
    timeoutMs,
    bodyBytesMax,
  });
  if (!got.ok) return fail(got.error.text);
  if (got.value.status !== 200) return fail(`HTTP ${got.value.status}`);
  const announced = got.value.headers['content-length'];
  if (announced !== undefined && Number(announced) !== got.value.body.length) {
    return fail(`${announced} bytes announced, ${got.value.body.length} came`);
  }
  return ok(got.value.body);
}

export async function loadFirmwareFile(
  machine: {
    readonly net: Pick<Net, 'openUdp'>;
    readonly http: HttpClient;
    readonly life: Life;
    readonly clock: Clock;
    readonly address: string;
    readonly firmware: Firmware;
    readonly tftpPort: number;
  },
  loader: 'http' | 'tftp',
  lease: Lease,
): Promise<Result<Uint8Array, string>> {
  if (loader === 'http') {
    return machine.life.during(loadByUefiHttp(machine.http, lease.file));
  }
  const wish: TftpWish = {
    server: { address: lease.nextServer, port: machine.tftpPort },
    file: lease.file,
    options: [
      ['blksize', '1432'],
      ['tsize', '0'],
    ],
    sizeOnly: false,
  };
  if (machine.firmware.kind !== 'uefi-pxe') return bytesOf(await readByTftp(machine, wish));
  // OVMF asks twice: once for the size alone, then for the file (from a new port).
  const blocks = [
    ['blksize', '1468'],
    ['windowsize', '4'],
  ] as const;
  const probe = await readByTftp(machine, {
    ...wish,
    options: [['tsize', '0'], ...blocks],
    sizeOnly: true,
  });
  if (!probe.ok) return probe;
  const file = await readByTftp(machine, { ...wish, options: blocks });
  if (file.ok && probe.value.size !== file.value.bytes.length) {
    return fail(`tsize said ${probe.value.size} bytes, ${file.value.bytes.length} came`);
  }
  return bytesOf(file);
}

/** EDK2 sizes its buffer by HEAD and then gets the file. */
async function loadByUefiHttp(http: HttpClient, url: string): Promise<Result<Uint8Array, string>> {
  const headers = { 'user-agent': 'UefiHttpBoot/1.0', accept: '*/*' };
  const head = await http.request({ method: 'HEAD', url, headers, timeoutMs, bodyBytesMax });
  if (!head.ok) return fail(head.error.text);
  if (head.value.status !== 200) return fail(`HEAD: HTTP ${head.value.status}`);
  const length = Number(head.value.headers['content-length'] ?? Number.NaN);
  const body = await fetchByHttp(http, url, headers['user-agent']);
  if (!body.ok) return body;
  if (body.value.length !== length) {
    return fail(`HEAD said ${length} bytes, GET brought ${body.value.length}`);
  }
  return body;
}

function bytesOf(
  outcome: Result<{ readonly bytes: Uint8Array }, string>,
): Result<Uint8Array, string> {
  return outcome.ok ? ok(outcome.value.bytes) : outcome;
}
