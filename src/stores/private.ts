/** What must stay in a node, and what anybody may read, as one store (spec 05 §5.6): writes reach the private one only. */
import { storeList } from './list.ts';
import type { Store } from './store.ts';

export function privateBefore(own: Store, shared: Store): Store {
  return storeList([{ store: own }, { store: shared, access: ['read'] }]);
}
