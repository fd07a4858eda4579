//! Everything that goes wrong in a reader's program has a message of its own, leaves the page usable, and does not
//! affect the next run. One page runs many programs, in the same interpreter where that is possible.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, ProgramRun};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    let once = in_chromium![
        errors_have_their_own_messages_and_the_next_run_works,
        errors_on_the_virtual_clock_have_their_own_messages,
    ];
    // They compute all the time, or need much memory.
    let heavy = in_each_engine![a_program_that_fills_the_stack_or_the_memory_ends_and_the_next_run_works];
    let heavy_once = in_chromium![a_million_prints_are_shown_in_part_and_counted, a_program_of_a_megabyte_runs];
    once.chain(heavy.chain(heavy_once).map(Test::alone))
}

/// A program, the word with which its status begins, and a part of the page's message.
type Case = (&'static str, &'static str, &'static str);

/// Ends as expected on the real clock.
const CASES: [Case; 27] = [
    ("x = 1\nif x\n    print(x)\n", "Failed", "line 2 of main.py: SyntaxError: expected ':'"),
    ("x = 1\n!pip install tqdm\n", "Failed", "`!pip` runs a shell command in a notebook, and there is no shell"),
    ("%time x = 1\n", "Failed", "`%time` is a notebook's command, not Python. Remove it"),
    (
        "import asyncio, nest_asyncio\nnest_asyncio.apply()\nawait asyncio.sleep(0.01)\n\
         asyncio.run(asyncio.sleep(0.01))\nprint('slept twice')\n",
        "Finished",
        "slept twice",
    ),
    ("def down(n): return down(n + 1)\ndown(0)\n", "Failed", "line 1 of main.py: RecursionError"),
    ("zeros = [0] * 10**9\n", "Failed", "line 1 of main.py: MemoryError"),
    ("import sys\nsys.exit()\n", "Finished", ""),
    ("import sys\nsys.exit(3)\n", "Failed", "the program ended with exit code 3"),
    ("import sys\nsys.exit('no data')\n", "Failed", "the program ended with exit code 1: no data"),
    ("name = input('Name? ')\n", "Failed", "`input()` cannot wait for typing in the page"),
    // With threads, the page chooses the simulated clock, and without them the real one again.
    (
        "import queue, threading\nthreading.Thread(target=queue.Queue().get).start()\n",
        "Failed",
        "a thread waits for an item of a queue at main.py line 2. This cannot be simulated",
    ),
    (
        "open('data.csv')\n",
        "Failed",
        "line 1 of main.py: FileNotFoundError: [Errno 44] No such file or directory: 'data.csv'",
    ),
    (
        "with open('big.bin', 'wb') as file:\n    while True: file.write(bytes(10**8))\n",
        "Failed",
        "line 2 of main.py: OSError: [Errno 51] No space left on device",
    ),
    ("open('big.bin', 'wb').truncate(10**12)\n", "Failed", "OSError: [Errno 51] No space left on device"),
    ("import numpy\n", "Failed", "`numpy` is not available in the page: use lists"),
    ("import requests\n", "Failed", "`requests` is not available in the page: it would block the event loop"),
    ("from torch import nn\n", "Failed", "`torch` is not available in the page: replace the computation"),
    ("import uvloop\n", "Failed", "Remove the import: asyncio works without it"),
    ("import openai\n", "Failed", "`openai` is not available in the page: it comes in a later release"),
    (
        "import asyncio, signal\n\nasync def main():\n    loop = asyncio.get_running_loop()\n    \
         loop.add_signal_handler(signal.SIGINT, print)\n\nasyncio.run(main())\n",
        "Failed",
        "line 5 of main.py: NotInBrowser: a browser has no signals",
    ),
    (
        "import asyncio\n\nasync def main():\n    await asyncio.create_subprocess_exec('ls')\n\nasyncio.run(main())\n",
        "Failed",
        "line 4 of main.py: NotInBrowser: a browser cannot start processes",
    ),
    (
        "import asyncio\n\nasync def main():\n    await asyncio.open_connection('example.com', 80)\n\n\
         asyncio.run(main())\n",
        "Failed",
        "line 4 of main.py: NoNetwork: a program in the page can send requests only by a client",
    ),
    (
        "import asyncio, time\n\nasync def block():\n    time.sleep(0.2)\n\nasync def main():\n    \
         await asyncio.gather(block(), asyncio.sleep(0.01))\n\nasyncio.run(main())\n",
        "Finished",
        "Task `block` blocked the event loop for 2",
    ),
    (
        "import asyncio\n\nclass Job:\n    result = asyncio.run(asyncio.sleep(0.01))\n",
        "Failed",
        "line 4 of main.py: CannotWait: `asyncio.run` cannot wait",
    ),
    (
        "import asyncio\n\nasync def main():\n    asyncio.sleep(1)\n\nasyncio.run(main())\n",
        "Finished",
        "Coroutine `sleep` was created and never awaited (main.py line 4)",
    ),
    (
        "import asyncio\n\nasync def fail(n):\n    raise ValueError(n)\n\nasync def main():\n    \
         async with asyncio.TaskGroup() as group:\n        for n in range(3):\n            \
         group.create_task(fail(n))\n\nasyncio.run(main())\n",
        "Failed",
        "ExceptionGroup: unhandled errors in a TaskGroup (3 sub-exceptions)",
    ),
    (
        "import sys\n\njs = next(it.jsproxies['js'] for it in sys.meta_path if hasattr(it, 'jsproxies'))\njs.close()\n",
        "Failed",
        "line 4 of main.py: AttributeError: close",
    ),
];

/// Ends as expected on the virtual clock.
const VIRTUAL_CASES: [Case; 4] = [
    (
        "import asyncio\n\nasync def main():\n    door = asyncio.Lock()\n    async with door:\n        \
         async with door:\n            pass\n\nasyncio.run(main())\n",
        "Failed",
        "`main` waits at main.py line 6 for the lock `door`",
    ),
    (
        "import time\n\nend = time.time() + 10\nwhile time.time() < end: pass\n",
        "Failed",
        "main.py line 4 read the clock 100,000 times with no wait in between",
    ),
    (
        "import asyncio\n\nasync def main():\n    loop = asyncio.get_running_loop()\n    end = loop.time() + 10\n    \
         while loop.time() < end: pass\n\nasyncio.run(main())\n",
        "Failed",
        "main.py line 6 read the clock 100,000 times with no wait in between",
    ),
    ("import time\n\ntime.sleep(3600)\nprint('an hour')\n", "Finished", "an hour"),
];

fn assert_ends(run: &ProgramRun, (program, status, message): Case) {
    assert!(run.status.starts_with(status), "{program}\n{run:?}");
    let place = if status == "Failed" { &run.failure } else { &run.log };
    assert!(place.contains(message), "{program}\n{run:?}");
}

/// Asserts that a simple program runs now, and that it gets nothing of the one before.
async fn assert_next_run_works(page: &Page) -> TestResult {
    let next = "import asyncio\n\nasync def answer(n):\n    await asyncio.sleep(0.01)\n    return n\n\n\
         print('next', asyncio.run(answer(42)))\n";
    let run = page.run_program(next).await?;
    assert!(run.status.starts_with("Finished"), "{run:?}");
    let lines: Vec<&str> = run.lines().collect();
    assert!(lines.len() == 1 && lines[0].ends_with("next 42"), "{run:?}");
    assert_eq!(page.metric("tasks").await?, "1");
    Ok(())
}

async fn assert_each_ends(page: &Page, cases: &[Case]) -> TestResult {
    for case in cases {
        assert_ends(&page.run_program(case.0).await?, *case);
        assert_next_run_works(page).await?;
    }
    Ok(())
}

async fn errors_have_their_own_messages_and_the_next_run_works() -> TestResult {
    let fixture = Fixture::open("program").await?;
    assert_each_ends(&fixture.page, &CASES).await?;
    assert_eq!(fixture.browser.console_problems().await.unwrap_or_default(), []);
    Ok(())
}

async fn errors_on_the_virtual_clock_have_their_own_messages() -> TestResult {
    let fixture = Fixture::open("program?clock=virtual").await?;
    assert_each_ends(&fixture.page, &VIRTUAL_CASES).await
}

/// Only the first case raises a Python error; the other needs a new interpreter.
async fn a_program_that_fills_the_stack_or_the_memory_ends_and_the_next_run_works(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "program").await?;
    let cases = [
        ("chunks = []\nwhile True: chunks.append(bytes(10**7))\n", "Failed", "line 2 of main.py: MemoryError"),
        (
            "import sys\n\nclass Endless:\n    def __repr__(self): return repr(self)\n\n\
             sys.setrecursionlimit(10**9)\nrepr(Endless())\n",
            "Failed",
            "the program's calls are nested too deeply for the browser",
        ),
    ];
    assert_each_ends(&fixture.page, &cases).await
}

async fn a_million_prints_are_shown_in_part_and_counted() -> TestResult {
    let fixture = Fixture::open("program").await?;
    let run = fixture.page.run_program("for n in range(1_000_000): print(n)\n").await?;
    assert!(run.status.starts_with("Finished"), "{run:?}");
    assert!(run.log.contains("The output has reached its limit of 20,000 lines."), "{run:?}");
    assert!(run.log.ends_with("980,000 more lines were printed."), "{run:?}");
    assert_next_run_works(&fixture.page).await
}

async fn a_program_of_a_megabyte_runs() -> TestResult {
    let fixture = Fixture::open("program").await?;
    let function = "async def work(n):\n    values = [str(k) for k in range(n)]\n    return len(values)\n\n";
    let end = "\"\"\"\nprint('the end of a long program')\n";
    let head = format!("{}DATA = \"\"\"", function.repeat(1_000));
    let text = format!("{head}{}{end}", "1,2,3,4,5\n".repeat((1_000_000 - head.len() - end.len()) / 10));
    let run = fixture.page.run_program(&text).await?;
    assert_ends(&run, ("1 MB", "Finished", "the end of a long program"));
    assert_next_run_works(&fixture.page).await
}
