//! Many tasks in one program. Only in Chromium, to save time.

use std::time::Duration;

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![a_hundred_thousand_tasks_finish_and_are_drawn].map(Test::alone)
}

const MANY_TASKS: &str = "import asyncio

async def job(n):
    await asyncio.sleep(0.1)

async def main():
    await asyncio.gather(*(job(n) for n in range(100_000)))

asyncio.run(main())
print('all')
";

/// It takes about ten seconds on two cores that do nothing else.
const MANY_TASKS_LIMIT: Duration = Duration::from_secs(240);

/// The number of colours in the timeline.
const COLOURS: &str = "const canvas = document.querySelector('figure.timeline canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;";

async fn a_hundred_thousand_tasks_finish_and_are_drawn() -> TestResult {
    let fixture = Fixture::open("program").await?;
    let page = &fixture.page;
    page.write_program(MANY_TASKS).await?;
    page.press("Run").await?;
    let status = page.wait_for_status_within(MANY_TASKS_LIMIT, "Finished").await?;
    println!("100,000 tasks: {status}");
    assert_eq!(page.metric("tasks").await?, "100,001");
    assert!(page.evaluate::<u32>(COLOURS, Vec::new()).await? > 3, "tasks are drawn");
    page.wait_for_output("all").await?;
    Ok(())
}
