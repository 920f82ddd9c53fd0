/** `/api/v1/kernel_params`: what goes onto the kernel's command line. */

import type { KernelParams } from '../../pxe/kernel-params.ts';
import { textAnswer } from '../exchange.ts';
import { jsonAnswer } from '../go-json.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest } from '../problems.ts';
import { whySilent } from '../whole-truth.ts';

import { actorOf, answerWith, byMethod, type Noun, readText, refused } from './noun.ts';

const paramsBytesMax = 4096;
const osPattern = /^[a-z0-9.]+$/;

export function kernelParamsNoun(deps: {
  readonly kernelParams: KernelParams;
  readonly serverName: string;
}): Noun {
  const { kernelParams, serverName } = deps;
  const name = '/api/v1/kernel_params/{os}';
  return (path) => {
    if (!path.startsWith('kernel_params/')) return undefined;
    const [, os = ''] = path.split('/');
    if (!osPattern.test(os)) return refused(name, badRequest('invalid OS name'));
    return byMethod(name, {
      GET: async (exchange) => {
        const doubt = whySilent(kernelParams, 'the copy of kernel parameters');
        if (doubt !== undefined) return v1Error(exchange, doubt);
        const params = kernelParams.get(os);
        if (params !== undefined) return textAnswer(200, 'text/plain', params);
        const text = `no kernel parameters are set for ${os}`;
        return v1Error(exchange, { kind: 'not-found', text });
      },
      PUT: async (exchange) => {
        const text = await readText(exchange, 'kernel params', paramsBytesMax, 'bad-request');
        if (!text.ok) return v1Error(exchange, badRequest(text.error.text));
        const put = await kernelParams.put(os, text.value, actorOf(exchange, serverName));
        return answerWith(exchange, put, jsonAnswer(200, null));
      },
    });
  };
}
