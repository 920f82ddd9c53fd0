import type { Store } from '../../src/base/store.ts';

/** A store whose watches hear of what changed under their prefix alone, as etcd's do for up to ten minutes. */
export function quietWatch(store: Store): Store {
  return {
    ...store,
    watch: (prefix, from, tell) =>
      store.watch(prefix, from, (news) => {
        if (news.kind !== 'progress') tell(news);
      }),
  };
}
