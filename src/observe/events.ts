/**
 * Counters of what happens in a node (spec 03 §4.8): `{topic, event}` → how often. They cost one map look-up when something happens, are
 * read by `profile@1.0`, `hyperbuddy@1.0` and the metrics page, and belong to one node: fifty nodes in a process don't mix them up.
 */

declare module '../core/device.ts' {
  interface Capabilities {
    readonly events: EventCounters;
  }
}

export interface EventCounters {
  /** Counts one (or `by`) more of `event`. */
  count(topic: string, event: string, by?: number): void;
  /** All counts at this moment, by topic and event. */
  snapshot(): ReadonlyMap<string, ReadonlyMap<string, number>>;
}

/** Names can come from messages: past this many, new ones are counted together. */
const maxNames = 10_000;
const maxNameLength = 100;
export const otherEvents = 'other';

export function createEventCounters(): EventCounters {
  const topics = new Map<string, Map<string, number>>();
  let names = 0;
  return {
    count(topic, event, by = 1) {
      let events = topics.get(topic);
      if (events === undefined) {
        if (names >= maxNames) return;
        events = new Map();
        topics.set(topic, events);
        names++;
      }
      let name = event.length > maxNameLength ? otherEvents : event;
      if (!events.has(name)) {
        if (names >= maxNames) name = otherEvents;
        names++;
      }
      events.set(name, (events.get(name) ?? 0) + by);
    },
    snapshot: () => new Map([...topics].map(([topic, events]) => [topic, new Map(events)])),
  };
}
