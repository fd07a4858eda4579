"""The Python side of Interleave: runs an asyncio program in the page, or elsewhere, and records its tasks.

The modules, in the order in which a run uses them:

- `files`: `Files`, the files of a program, and `missing_imports`
- `program`: `Run` runs a whole program with its files, environment and clock
- `restore`: puts the interpreter back as it was, so that the next run starts clean
- `imports`: the imports that the page does not have, and what is available instead
- `lift`: rewrites waits at the top level, such as `asyncio.run(main())`; `waiting` is what the new code calls, and
  `modules` does the same for the program's own modules
- `loop`: `Loop`, which the host steps, and `VirtualLoop`, on a virtual clock
- `clock`: the virtual clock, and `time` on both clocks
- `packages`: unpacks wheels, and decides which programs can import them
- `network`: connections, which carry requests to the host; `requests` records them, and `replay` answers them again in
  a second run, and `virtual_server` on the virtual clock
- `calls`: functions that a program hands to threads, which run on the loop
- `unsupported`: the errors for what a browser cannot do
- `polls`: the recorder: each task, poll, wait and end; `handles` is the part that runs at every poll; `names` and
  `waits` find names, lines and what is waited for; `watch` notices deadlines and permits
- `columns`: the columns of the record, and the pieces in which it is sent
- `questions`: what the program itself, or a test of it, can ask about the record (`from interleave import record`)
- `checks`: what tests can ask about the functions of the reader (`from interleave import checks`), with sentences that
  name lines; `observed` notes their calls, and `mistakes` explains well-known errors
- `testing`: runs pytest for the console, and reports each result
- `heartbeat`: the lag of the program's loop
- `console`: `print` and `logging` as lines of the log
- `draws`: module `random`, with draws that do not depend on the order of tasks
- `tree`: what waits at this moment, with local variables; `look`: the same at one moment of a whole run
- `ending`: how the run ended
- `host`, `sources`, `text`, `errors`: what the others share

How a host uses it
------------------

In the worker, with `py = await loadPyodide(…)` and this folder on `sys.path`:

    const { Files, missing_imports } = py.pyimport("interleave.files");
    const { Run } = py.pyimport("interleave.program");
    const { HostFunctions } = py.pyimport("interleave.host");
    // These are JavaScript functions.
    const host = HostFunctions(send, wake, sleep, connect, request, abort);
    const contents = py.toPy(new Map([["main.py", "…"]]));    // a dict from path to str or bytes
    const files = Files.callKwargs(contents, { main: "main.py" });
    const run = Run.callKwargs(files, host, { seed: 7, clock: "browser" });

- `missing_imports(files)` lists imports that will fail: `module`, `path`, `line`, `is_optional` and `instead`, a
  sentence.
- `run.step()` starts the program, and later continues it. It returns the seconds until the next call is due: 0 for "as
  soon as possible" (through a `MessageChannel`, so that messages are received in between), a number for
  `setTimeout`, and None for "after `wake()`". It never raises an error of the program. On the virtual clock
  (`clock="virtual"`) the first call runs the whole program.
- `wake()` is called when something became ready between two steps: call `run.step()` soon. It may be called often.
- `sleep(seconds)` is called by `time.sleep` on the real clock: it must block (`Atomics.wait`).
- `send(piece)` takes a `columns.Piece`, also during a step. Each column is an `array.array` or `bytes`; read it with
  `piece.event_at_s.getBuffer()` or as a whole with `toJs()`, and destroy the proxy. `columns.Piece` describes the
  layout.
- `connect`, `request` and `abort` are those of `network.Carrier`. Pass the answers to `run.receive`, between steps, and
  go on stepping. `run.replies` are those of a whole run, for `Run.callKwargs(…, { clock: "virtual", replies, … })`.
- `packages.install(name, content)` unpacks a wheel, and `Run.callKwargs(…, { packages: [name], … })` lets a program
  import it.
- `run.stop()` does what Ctrl-C does. Then go on stepping: `finally` blocks run and are recorded. If `run.is_over` is
  still False after 500 ms, end the worker. While a step does not return, only that is possible.
- `run.waiting(with_locals=True)` returns what waits now, for the cursor: between steps only.
- `Run.callKwargs(files, host, { clock: "virtual", look_at_us: 1_500_000, … })` is a look: the run ends when its clock
  would pass that moment. `run.seen` lists what waited then, with local variables, and `look.as_text` makes JSON of it.
  Nothing is sent.
- When `run.is_over` is True, `run.result` is an `ending.Result`, and the last piece has been sent. The interpreter
  is clean again: make another `Run` for the next run, also for the ideal (`clock="virtual"`, with the same files and
  seed).

Only one run can be in progress at a time. Between the first and the last step, names in modules such as `time`,
`random` and `asyncio` are replaced for all code of the interpreter.
"""
