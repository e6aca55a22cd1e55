/* Loaded before the service: every timer is due in a thousandth of its time, as on a machine that takes a thousand times as long to start. */
const setTimeoutOfNode = globalThis.setTimeout;
Object.assign(globalThis, {
  setTimeout: (callback: () => void, ms = 0, ...words: []) => setTimeoutOfNode(callback, ms / 1000, ...words),
});
