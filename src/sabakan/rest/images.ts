/** `/api/v1/images`: boot images as tar files, streamed both ways. */

import type { Pxe } from '../../pxe/pxe.ts';
import type { Answer, Exchange, Route } from '../exchange.ts';
import { emptyAnswer } from '../exchange.ts';
import { jsonAnswer } from '../go-json.ts';
import { v1Error } from '../problem-answers.ts';
import { badRequest, unknownPath } from '../problems.ts';
import { whyUnknown } from '../whole-truth.ts';
import { carried } from './boot.ts';
import { actorOf, answerWith, byMethod, done, type Noun, refused } from './noun.ts';

export function imagesNoun(deps: {
  readonly images: Pxe['images'];
  readonly serverName: string;
}): Noun {
  const { images, serverName } = deps;
  const doubt = () => whyUnknown(images, 'images/coreos', 'the copy of the image index');
  const name = '/api/v1/images/coreos/{id}';

  // Any other method needs an id, and so the path is wrong (400) rather than the method (405).
  const index: Route = {
    name: '/api/v1/images/coreos',
    handle: async (exchange) => {
      if (exchange.method !== 'GET') return idMissing(exchange);
      const partial = doubt();
      return partial ? v1Error(exchange, partial) : jsonAnswer(200, images.index());
    },
  };

  return (path) => {
    if (!path.startsWith('images/')) return undefined;
    const [, os, id, ...more] = path.split('/');
    if (os !== 'coreos') {
      return { name, handle: async (exchange) => v1Error(exchange, unknownPath(exchange.path)) };
    }
    if (id === undefined) return index;
    if (more.length > 0) return refused(name, badRequest('the path must be images/coreos/<id>'));
    if (!images.isId(id)) return refused(name, badRequest('invalid image id'));
    const get = async (exchange: Exchange): Promise<Answer> => {
      const tar = await images.get(exchange, id);
      if (tar.ok) return carried(tar.value);
      const unclear = tar.error.kind === 'image-unknown' ? doubt() : undefined;
      return v1Error(exchange, unclear ?? tar.error);
    };
    return byMethod(name, {
      GET: get,
      HEAD: get,
      PUT: async (exchange) => {
        const actor = actorOf(exchange, serverName);
        const stored = await images.put(id, exchange.body.stream(), actor);
        return answerWith(exchange, stored, emptyAnswer(201));
      },
      DELETE: async (exchange) => {
        const removed = await images.remove(id, actorOf(exchange, serverName));
        return answerWith(exchange, removed, done);
      },
    });
  };
}

async function idMissing(exchange: Exchange): Promise<Answer> {
  return v1Error(exchange, badRequest('the path must be images/coreos/<id>'));
}
