// Runs in place of the sandbox's worker, as a program could that has taken it over: answers "run" with the messages that the
// program's text names. It starts no Python.
let port;

onmessage = ({ ports }) => {
  [port] = ports;
  port.onmessage = ({ data }) => run(data);
  port.postMessage({ type: "ready", python: "3.14.2", ms: 1 });
};

const ENDED = {
  type: "ended", ending: "finished", exit_code: 0, error: "", message: "", path: undefined, line: undefined, traceback: "",
};

const MORE = { names: ["main"], sources: [], objects: [], waits: [], log: [] };

// A task that starts and ends.
function piece(change = {}) {
  return {
    start: 0,
    event_at_s: new Float64Array([0, 0, 0]).buffer,
    event_task: new Uint32Array([1, 1, 1]).buffer,
    event_kind: new TextEncoder().encode("s(S").buffer,
    event_wait: new ArrayBuffer(),
    task_name: new Uint32Array(1).buffer,
    task_number: new Uint32Array(1).buffer,
    task_parent: new Uint32Array(1).buffer,
    task_in_group: new ArrayBuffer(1),
    beat_due_us: new ArrayBuffer(),
    beat_late_us: new ArrayBuffer(),
    more: JSON.stringify(MORE),
    ...change,
  };
}

const pieces = (...pieces) => [{ type: "pieces", pieces }, ENDED];
const more = (change) => pieces(piece({ more: JSON.stringify({ ...MORE, ...change }) }));
const line = (text) => ({ at_us: 0, task: null, level: "info", text, origin: "stdout" });

const REQUEST = {
  type: "request", number: 1, method: "POST", url: "https://host.example/", headers: [], body: new ArrayBuffer(1),
};

const ATTACKS = {
  "nothing": () => [null],
  "a number": () => [7],
  "a text": () => ["ended"],
  "no type": () => [{}],
  "a type that is not text": () => [{ type: { toString: "ended" } }],
  "an unknown type": () => [{ type: "open" }],
  "a second ready": () => [{ type: "ready", python: "3.14.2", ms: 1 }],
  "no pieces": () => [{ type: "pieces" }],
  "pieces that are none": () => [{ type: "pieces", pieces: "pieces" }],
  "a list as a piece": () => pieces([]),
  "too many pieces": () => pieces(...Array(10_001).fill({})),
  "a column that is a list": () => pieces(piece({ event_task: [1, 1, 1] })),
  "half a number": () => pieces(piece({ event_task: new ArrayBuffer(7) })),
  "columns that differ": () => pieces(piece({ event_task: new ArrayBuffer(8) })),
  "a column of 65 MB": () => pieces(piece({ event_task: new ArrayBuffer(65 << 20) })),
  "columns of 100 MB": () => pieces(...Array(10).fill(piece({ event_task: new ArrayBuffer(10 << 20) }))),
  "an unknown event": () => pieces(piece({ event_kind: new TextEncoder().encode("s(Z").buffer })),
  "a task that does not exist": () => pieces(piece({ event_task: new Uint32Array([1, 9, 1]).buffer })),
  "a time that is not a number": () => pieces(piece({ event_at_s: new Float64Array([0, NaN, 0]).buffer })),
  "a time without end": () => pieces(piece({ event_at_s: new Float64Array([0, Infinity, 0]).buffer })),
  "times that go back": () => pieces(piece({ event_at_s: new Float64Array([5, 4, 3]).buffer })),
  "a name that does not exist": () => pieces(piece({ task_name: new Uint32Array([4e9]).buffer })),
  "a parent that does not exist": () => pieces(piece({ task_parent: new Uint32Array([4e9]).buffer })),
  "no JSON": () => pieces(piece({ more: "{" })),
  "JSON of 17 M": () => pieces(piece({ more: " ".repeat(17 << 20) })),
  "deep JSON": () => pieces(piece({ more: "[".repeat(1 << 20) })),
  "a wait that does not exist": () => more({ waits: [{ line: { source: 9, line: 1 }, for: null }] }),
  "a line by nobody": () => more({ log: [{ ...line("hello"), task: 7 }] }),
  "a line of an unknown level": () => more({ log: [{ ...line("hello"), level: "loud" }] }),
  "too many lines": () => more({ log: Array(150_000).fill(line("")) }),
  "an unknown ending": () => [{ ...ENDED, ending: "won" }],
  "an end without its fields": () => [{ type: "ended" }],
  "an end of 2 MB": () => [{ ...ENDED, ending: "failed", message: "x".repeat(2 << 20) }],
  "an output of 2 MB": () => [{ type: "output", stream: "stdout", text: "x".repeat(2 << 20) }],
  "an output that is not text": () => [{ type: "output", stream: "stdout", text: 7 }],
  "too many outputs": () => [...Array(150_000).fill({ type: "output", stream: "stdout", text: "x" }), ENDED],
  "a failure without its reason": () => [{ type: "failed", where: "package" }],
  "a failure of 2 MB": () => [{ type: "failed", where: "package", why: "x".repeat(2 << 20) }],

  "a request without a body": () => [{ ...REQUEST, body: null }],
  "a request of 17 MB": () => [{ ...REQUEST, body: new ArrayBuffer(17 << 20) }],
  "a request with half a number": () => [{ ...REQUEST, number: 0.5 }],
  "a request with a long header": () => [{ ...REQUEST, headers: [["a", "x".repeat(1 << 20)]] }],
  "a port that does not exist": () => [{ type: "connect", number: 1, host: "host.example", port: 70_000 }],

  // These are as described, but try to add to the page.
  "HTML": () => [
    ...more({ names: ["<img src=x onerror=hacked()>"], log: [line("<script>hacked()</script><img src=x>")] }).slice(0, 1),
    { type: "output", stream: "stdout", text: "<img src=x onerror=hacked()>" },
    { ...ENDED, ending: "failed", error: "<b>Error", message: "<img src=x onerror=hacked()>", traceback: "<img src=x>" },
  ],
  "a good run": () => pieces(piece()),
};

function run({ type, files }) {
  // The page asks this before each run.
  if (type === "imports") port.postMessage({ type: "imports", missing: [] });
  if (type !== "run") return;
  for (const message of ATTACKS[files["main.py"]]()) port.postMessage(message);
}
