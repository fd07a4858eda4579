// Counts the page's timers and requests: timers that are pending, and requests that were aborted.

// The test runner's own page has a timer of this length, in milliseconds. It is not counted.
const TIMER_OF_RUNNER_MS = 5000;

const pending = new Set();
const set = globalThis.setTimeout;
const clear = globalThis.clearTimeout;
let timers = 0;

globalThis.setTimeout = (callback, delay, ...rest) => {
  const id = set(() => { pending.delete(id); callback(); }, delay, ...rest);
  if (delay !== TIMER_OF_RUNNER_MS) {
    timers += 1;
    pending.add(id);
  }
  return id;
};
globalThis.clearTimeout = (id) => {
  pending.delete(id);
  clear(id);
};

const send = globalThis.fetch;
const signals = [];
globalThis.fetch = (...request) => {
  signals.push(request[0]?.signal ?? request[1]?.signal);
  return send(...request);
};

export const timers_set = () => timers;
export const timers_pending = () => pending.size;
export const requests = () => signals.length;
export const requests_aborted = () => signals.filter((signal) => signal?.aborted).length;
