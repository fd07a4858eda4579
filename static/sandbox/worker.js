// The worker in which a reader's program runs: it starts Pyodide, and steps the program's event loop. See outer.js for the
// documents around it. Its policy is that of frame.js: it can load nothing.
//
// It talks to the page through one port. The page must not trust anything that arrives there: a program can run
// JavaScript here (`import js`), and so send any message, or none.
//
// Messages to the worker. "load" comes first and once, through the documents, and brings the port. All others are sent to
// the port. While a program computes or is not on the real clock, they are read only afterwards: then the page ends the
// worker.
//
//   { type: "load", files }    files: { [name]: ArrayBuffer }, the `files` of the site's manifest by their names: the
//                              files of Pyodide, "worker.js" and "interleave.zip". They are transferred: send copies to
//                              keep them.
//   { type: "imports", main, files }
//                              asks which imports will fail. Answered with "imports".
//   { type: "packages", packages, model_server }
//                              [{ name, content }]: wheels for the programs that follow, as ArrayBuffers, by the names that
//                              "run" uses for them. model_server?: an ArrayBuffer with the module of the model server, for
//                              programs that are not on the real clock. Answered with "packages".
//   { type: "inspect", content }
//                              asks what a wheel (an ArrayBuffer) has. Answered with "wheel".
//   { type: "run", main, files, argv, environ, clock, processors, seed, packages }
//                              starts a program. One at a time; the next one may follow after "ended".
//     main: string             the path of the main file, with `/` between folders
//     files: { [path]: string | ArrayBuffer }
//     argv: string[]           the arguments after the program's name
//     environ: { [name]: string }  added to the environment
//     clock: "browser" | "virtual" | "simulated"  the names of docs/run-file.md
//     processors: number       those that simulated threads and processes share
//     seed: number             a whole number, at most 2^53
//     packages: string[]       the packages that it may import
//     replays?: boolean        on the virtual clock: servers answer as in the last run on the real clock
//     most_events?: number     a limit of the record below that of the package
//   { type: "look", …, at_us } runs a program on the virtual clock until this moment, in microseconds since the start,
//                              and ends it there. The other fields are those of "run". Answered with "seen". Nothing
//                              else is sent. One at a time, and not while a program runs.
//   { type: "stop" }           does what Ctrl-C does: cancels the main task. "ended" follows when it has ended.
//
//   { type: "answer", number, after_ms, kind, … }
//                              the answer to a "connect" or "request", which may have several parts; after_ms: the time
//                              since it was sent
//     kind: "open"             to "connect": requests to this host may be sent
//           "response"         status: number; headers: [[name, value]]
//           "chunk"            content: ArrayBuffer
//           "end"              the response is complete
//           "failed"           why: a sentence. At any point, and the last one.
//
// Messages from the worker:
//
//   { type: "ready", python, ms }       python: "3.14.2"; ms: the time since "load" arrived. Send "run" now.
//   { type: "imports", missing }        [{ module, path, line, is_optional, instead }], as in interleave/imports.py
//   { type: "packages", refused }       [{ name, why }]: the packages that cannot be used
//   { type: "wheel", described }        JSON: { name, version, modules, needs }, or { why } if it cannot be used
//   { type: "connect", number, host, port }
//                                       may the program send requests to this host? Answered with "answer".
//   { type: "request", number, method, url, headers, body }
//                                       sends a request: headers: [[name, value]]; body: ArrayBuffer. Answered with "answer".
//   { type: "abort", number }           the program does not wait for this answer any more
//   { type: "pieces", pieces }          what was recorded since the last message, in order; also while the program
//                                       computes. At most once in PIECES_EVERY_MS, and before the program ends or blocks.
//                                       Each piece has the fields of `Piece` in interleave/columns.py: columns are
//                                       ArrayBuffers (little-endian), `start` is a number, and `more` is JSON.
//   { type: "ended", … }                the program has ended: the fields of `Result` in interleave/ending.py; undefined
//                                       is None
//   { type: "seen", entries }           what waited at the moment of a look: JSON, a list as in interleave/look.py, with
//                                       at most `MOST_CHARACTERS` of that file. Empty if the program ended before.
//   { type: "output", stream, text }    stream: "stdout" | "stderr"; text: a line that was not printed with Python's
//                                       `print`, which is in the pieces: by Pyodide itself, or an error in JavaScript
//                                       of the program. At most MOST_OUTPUT characters in a run.
//   { type: "failed", where, why }      why: a text, in English, at most LONGEST_REASON characters
//     where: "load"                     Pyodide or our package could not be started
//            "interpreter"              the interpreter has ended with an error, such as a stack that is full. It cannot
//                                       be used again.
//            "package"                  an error in our own Python package. The run has ended.
//            "message"                  a message that cannot be followed: a second "run", an unknown type
"use strict";

// The number of bytes that the interpreter may use. Python then raises a MemoryError, which the program can show. Without
// the limit, 4 GB would be used, and the browser would end the page.
const MOST_MEMORY_BYTES = 2 ** 30;

// The number of bytes of a file. More, or more than the browser gives, is an error as of a full disk.
const MOST_FILE_BYTES = 2 ** 29;
const ENOSPC = 51;

// A turn of the event loop takes at most this time, so that messages of the page arrive.
const LONGEST_TURN_MS = 8;

// The shortest time between two messages with pieces.
const PIECES_EVERY_MS = 50;

// The beginning of a response is held back for at most this time.
const HELD_MS = 4;

// The number of characters of "output" in a run, and in a reason.
const MOST_OUTPUT = 100_000;
const LONGEST_REASON = 1000;

// The words of the engines for a stack that is full, and ours.
const FULL_STACK = /call stack|too much recursion/i;
const TOO_DEEP = "the program's calls are nested too deeply for the browser";

let port; // to the page
let pyodide;
const interleave = {}; // what is needed from our package
let host; // what a run needs from here
let run = null; // the run that has not ended, as `Run` of our package
let VirtualServer; // the class of the model server for clocks that are not the real one
let replies; // what servers answered in the last run on the real clock, as a list of Python
let hasFailed = false; // true after a fatal error of the interpreter

addEventListener("message", ({ data, ports }) => {
  [port] = ports;
  load(data.files).then(
    () => (port.onmessage = ({ data }) => receive(data)),
    (error) => fail("load", error),
  );
}, { once: true });

function send(message, buffers = []) {
  port.postMessage(message, buffers);
}

function fail(where, error) {
  send({ type: "failed", where, why: String(error?.message ?? error).slice(0, LONGEST_REASON) });
}

// Starting Pyodide

async function load(files) {
  const began = performance.now();
  limitMemory();
  // Pyodide refuses to start in a classic worker. It recognises one by this function, which the policy refuses anyway.
  self.importScripts = undefined;
  // Pyodide fetches two of its files. They are here already.
  self.fetch = async (address) => new Response(files[new URL(address).pathname.slice(1)]);
  const [wasm, { loadPyodide }, { default: createPyodideModule }] = await Promise.all([
    WebAssembly.compile(files["pyodide.asm.wasm"]),
    imported(files["pyodide.mjs"]),
    imported(files["pyodide.asm.mjs"]),
  ]);
  const options = {
    createPyodideModule,
    lockFileContents: JSON.parse(new TextDecoder().decode(files["pyodide-lock.json"])),
    indexURL: "https://files.invalid/",
    enableRunUntilComplete: false,
    stdin: () => null,
    stdout: (text) => output("stdout", text),
    stderr: (text) => output("stderr", text),
  };
  pyodide = await Promise.race([failedInstance(wasm), loadPyodide(options)]);
  removeGlobals();
  limitFiles();
  pyodide._api.on_fatal = (error) => {
    run = null;
    hasFailed = true;
    fail("interpreter", FULL_STACK.test(error?.message) ? TOO_DEEP : error);
  };
  addPackage(files["interleave.zip"]);
  const version = pyodide.runPython("import sys; sys.version.split()[0]");
  send({ type: "ready", python: version, ms: performance.now() - began });
}

// Lets Pyodide use the compiled module. The promise fails if the module cannot be instantiated, for example for lack of
// memory: then Pyodide would wait forever.
function failedInstance(module) {
  return new Promise((_, reject) => {
    WebAssembly.instantiateStreaming = async (_response, imports) => {
      const instance = WebAssembly.instantiate(module, imports);
      instance.catch(reject);
      return { module, instance: await instance };
    };
  });
}

// The exports of a module.
async function imported(source) {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return await import(address);
  } finally {
    URL.revokeObjectURL(address);
  }
}

// Files are in memory. Without this, one that is too large would end the interpreter.
function limitFiles() {
  const { ErrnoError, filesystems: { MEMFS } } = pyodide.FS;
  for (const name of ["expandFileStorage", "resizeFileStorage"]) {
    const resize = MEMFS[name];
    MEMFS[name] = (node, bytes) => {
      if (bytes > MOST_FILE_BYTES) throw new ErrnoError(ENOSPC);
      try {
        resize(node, bytes);
      } catch (error) {
        throw error instanceof RangeError ? new ErrnoError(ENOSPC) : error;
      }
    };
  }
}

function limitMemory() {
  const { grow } = WebAssembly.Memory.prototype;
  WebAssembly.Memory.prototype.grow = function (pages) {
    const bytes = this.buffer.byteLength + pages * 65536;
    if (bytes > MOST_MEMORY_BYTES) throw new RangeError(`the limit is ${MOST_MEMORY_BYTES} bytes`);
    return grow.call(this, pages);
  };
}

// The policy refuses every request: without `fetch`, a program gets an error that says so at once. And a worker that closes
// itself sends no message, so the page would wait until the reader presses Stop.
function removeGlobals() {
  for (let scope = self; scope; scope = Object.getPrototypeOf(scope)) {
    delete scope.fetch;
    delete scope.close;
  }
}

// Python reads the package from the zip, as it does with its own library.
function addPackage(zip) {
  pyodide.FS.writeFile("/lib/interleave.zip", new Uint8Array(zip));
  pyodide.runPython("import sys; sys.path.append('/lib/interleave.zip')");
  const { Files, missing_imports } = pyodide.pyimport("interleave.files");
  const { Run } = pyodide.pyimport("interleave.program");
  const { as_text } = pyodide.pyimport("interleave.look");
  const { inspected, refusal } = pyodide.pyimport("interleave.packages");
  Object.assign(interleave, { Files, missing_imports, Run, as_text, inspected, refusal });
  host = pyodide.pyimport("interleave.host").HostFunctions(sendPiece, wake, sleep, connect, request, abort);
}

// Messages of the page

function receive(message) {
  const type = message?.type;
  try {
    if (hasFailed) fail("interpreter", "it has ended with an error before");
    else if (type === "run") start(message);
    else if (type === "look") look(message);
    else if (type === "stop") run?.stop();
    else if (type === "answer") takeAnswer(message);
    else if (type === "imports") listImports(message);
    else if (type === "inspect") inspectWheel(message);
    else if (type === "packages") installPackages(message).catch((error) => fail("message", error));
    else fail("message", `unknown type \`${type}\``);
  } catch (error) {
    fail(type === "stop" || type === "answer" ? "package" : "message", error);
  }
}

function start(message) {
  run = newRun(message);
  outputLeft = MOST_OUTPUT;
  turn();
}

// The `Run` of a message "run" or "look". `options` are further ones for `Run`.
function newRun(message, options = {}) {
  const { main, files, argv, environ, clock, processors, seed, packages, replays, most_events } = message;
  if (run) throw new Error("a program is running already");
  held.clear();
  const program = toFiles(files, main);
  const [args, variables, names] = [pyodide.toPy(argv), pyodide.toPy(environ), pyodide.toPy(packages)];
  const limits = most_events === undefined ? {} : { most_events };
  const given = { argv: args, environ: variables, clock, processors, seed, packages: names, ...limits, ...options };
  // Without replies, each request fails with a message of its own.
  if (replays) given.replies = replies ?? pyodide.toPy([]);
  else if (VirtualServer && clock !== "browser") given.server = newServer();
  try {
    return interleave.Run.callKwargs(program, host, given);
  } finally {
    for (const proxy of [program, args, variables, names]) proxy.destroy();
  }
}

function look({ at_us, ...message }) {
  run = newRun({ ...message, clock: "virtual" }, { look_at_us: at_us });
  outputLeft = 0;
  // Without `step`, which reports the end of a run.
  try {
    while (!run.is_over) run.step();
    const { seen } = run;
    send({ type: "seen", entries: interleave.as_text(seen) });
    for (const proxy of [seen, run]) proxy.destroy();
  } catch (error) {
    // After a fatal error, `on_fatal` has reported it.
    if (run) fail("package", error);
  }
  run = null;
}

function listImports({ main, files }) {
  const program = toFiles(files, main);
  const found = interleave.missing_imports(program);
  const missing = found.toJs({ create_pyproxies: false }).map(([module, path, line, is_optional, instead]) => (
    { module, path, line, is_optional, instead }
  ));
  for (const proxy of [program, found]) proxy.destroy();
  send({ type: "imports", missing });
}

function inspectWheel({ content }) {
  const bytes = toBytes(content);
  send({ type: "wheel", described: interleave.inspected(bytes) });
  bytes.destroy?.();
}

async function installPackages({ packages, model_server }) {
  const refused = [];
  if (model_server) ({ VirtualServer } = (await imported(model_server)).start());
  for (const { name, content } of packages) {
    const bytes = toBytes(content);
    const why = interleave.refusal(name, bytes);
    bytes.destroy?.();
    if (why) refused.push({ name, why });
  }
  send({ type: "packages", refused });
}

// The model server for clocks that are not the real one, with lists and bytes of Python.
function newServer() {
  const server = new VirtualServer();
  return {
    begin: (number, method, path, body) => (
      pyodide.toPy(server.begin(number, method, path, new Uint8Array(toColumn(body))))
    ),
    wake: (number) => pyodide.toPy(server.wake(number)),
    abort: (number) => pyodide.toPy(server.abort(number)),
  };
}

// The files of a program as `Files` of our package.
function toFiles(files, main) {
  const contents = pyodide.toPy({});
  for (const [path, content] of Object.entries(files)) {
    contents.set(path, typeof content === "string" ? content : toBytes(content));
  }
  const program = interleave.Files(contents, main);
  contents.destroy();
  return program;
}

function toBytes(buffer) {
  const view = pyodide.toPy(new Uint8Array(buffer));
  const bytes = view.tobytes();
  view.destroy();
  return bytes;
}

// Stepping the event loop

const soon = new MessageChannel();
soon.port1.onmessage = turn;
let isTurnDue = false;
let timer;

// Another turn, after the messages that are waiting. A timer of 0 ms would wait for 4.
function wake() {
  if (!isTurnDue) soon.port2.postMessage(null);
  isTurnDue = true;
}

// Steps the program as long as something is ready, then waits for its next timer. `wake` may ask for a turn at any time,
// so a turn may find nothing to do.
function turn() {
  isTurnDue = false;
  clearTimeout(timer);
  const end = performance.now() + LONGEST_TURN_MS;
  let due;
  do {
    if (!run) return;
    due = step();
  } while (due === 0 && performance.now() < end);
  if (due === 0) wake();
  // The turn is not a callback of the timer, because browsers make timers of timers late.
  else if (due !== undefined) timer = setTimeout(wake, due * 1000);
}

// Returns the seconds until the next step, or undefined if there is none.
function step() {
  try {
    const due = run.step();
    if (run.is_over) finish();
    return due;
  } catch (error) {
    // After a fatal error, `on_fatal` has reported it.
    if (run) fail("package", error);
    run = null;
    return undefined;
  }
}

function finish() {
  const { result } = run;
  if (!run.is_virtual) {
    replies?.destroy?.();
    // A copy, because the attribute's own proxy ends with the run.
    replies = run.replies?.copy();
  }
  const fields = result._asdict();
  const message = fields.toJs({ create_pyproxies: false, dict_converter: Object.fromEntries });
  for (const proxy of [fields, result, run]) proxy.destroy();
  run = null;
  sendPieces();
  send({ type: "ended", ...message });
}

// What a run needs from here

function connect(number, host, port) {
  send({ type: "connect", number, host, port });
}

function request(number, method, url, headers, body) {
  const [pairs, content] = [headers.toJs(), toColumn(body)];
  headers.destroy();
  send({ type: "request", number, method, url, headers: pairs, body: content }, [content]);
}

function abort(number) {
  send({ type: "abort", number });
}

// Answers that were not passed on yet, by number. A short response arrives as a whole, as it does elsewhere: a client that
// reads only the status would otherwise close the connection before the response is complete.
const held = new Map();

function takeAnswer(answer) {
  const { number, kind } = answer;
  const others = held.get(number);
  if (others) {
    others.push(answer);
    if (kind === "end" || kind === "failed") release(number);
  } else if (kind === "response") {
    held.set(number, [answer]);
    setTimeout(release, HELD_MS, number);
  } else {
    passOn(answer);
  }
}

function release(number) {
  const answers = held.get(number) ?? [];
  held.delete(number);
  answers.forEach(passOn);
}

function passOn({ number, after_ms, kind, status, headers, content, why }) {
  if (!run) return;
  const after = after_ms / 1000;
  const parts = { response: () => [status, pyodide.toPy(headers)], chunk: () => [toBytes(content)], failed: () => [why] };
  const received = parts[kind]?.() ?? [];
  run.receive(number, after, kind, ...received);
  received.forEach((part) => part.destroy?.());
  wake();
}

const memory = new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer);

// Waiting on memory that no other code changes is the only way to block without keeping the processor busy.
function sleep(seconds) {
  sendPieces();
  Atomics.wait(memory, 0, 0, seconds * 1000);
}

let pieces = []; // that were not sent yet
let lastSentMs = 0;
let sending;

function sendPiece(piece) {
  const columns = {};
  const fields = piece._asdict();
  for (const [name, value] of fields.items()) columns[name] = toColumn(value);
  fields.destroy();
  pieces.push(columns);
  if (performance.now() - lastSentMs >= PIECES_EVERY_MS) sendPieces();
  else sending ??= setTimeout(sendPieces, PIECES_EVERY_MS);
}

function sendPieces() {
  clearTimeout(sending);
  sending = undefined;
  if (pieces.length === 0) return;
  const buffers = pieces.flatMap(Object.values).filter((value) => value instanceof ArrayBuffer);
  send({ type: "pieces", pieces }, buffers);
  pieces = [];
  lastSentMs = performance.now();
}

// A number or text as it is; an array as a copy of its bytes.
function toColumn(value) {
  if (typeof value !== "object") return value;
  const view = value.getBuffer("u8");
  const { buffer } = view.data.slice();
  view.release();
  value.destroy();
  return buffer;
}

// What is not printed by Python's `print`

let outputLeft = MOST_OUTPUT;

function output(stream, text) {
  if (outputLeft <= 0) return;
  const shown = text.slice(0, outputLeft);
  outputLeft -= shown.length + 1;
  send({ type: "output", stream, text: shown });
}

// An error in a callback that the program gave to JavaScript. Our own code catches its errors.
addEventListener("error", (event) => {
  event.preventDefault();
  output("stderr", event.message);
});
addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  output("stderr", String(event.reason));
});
