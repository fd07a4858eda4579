//! Requests of readers' programs, by the real `aiohttp` and `httpx`, and other libraries that are loaded when they are
//! imported.

use e2e::browser::Engine;
use e2e::endpoint::{Answer, Behaviour, Cors, Endpoint};
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::editor::{open, wait_for, wait_for_text};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        fifty_requests_are_tasks_and_stop_aborts_what_is_left,
        libraries_are_loaded_when_a_program_imports_them,
        the_programs_of_the_guide_for_files_and_requests_run_unmodified
    ]
    .chain(in_chromium![
        another_server_is_asked_only_after_the_reader_has_allowed_it,
        each_bad_answer_has_its_own_message,
        httpx_asks_the_model_server
    ])
}

/// 50 requests with a limit of 5 and a timeout. One fails, and one never comes.
const FIFTY: &str = "import asyncio, os
import aiohttp

SERVER = os.environ['MODEL_SERVER_URL']

async def fetch(session, path):
    try:
        async with session.get(SERVER + path) as response:
            response.raise_for_status()
            return (await response.json())['name']
    except aiohttp.ClientResponseError as error:
        return f'{error.status}'
    except TimeoutError:
        return 'timed out'

async def main():
    good = [f's/latency=40/v2/models/mlp-16?id={n}' for n in range(48)]
    bad = ['s/latency=40,fail=1,kinds=503/v2/models/mlp-16', 's/latency=1,fail=1,kinds=hang/v2/models/mlp-16']
    timeout = aiohttp.ClientTimeout(total=12)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=5), timeout=timeout) as session:
        names = await asyncio.gather(*(fetch(session, path) for path in good + bad))
    print({name: names.count(name) for name in sorted(names)})

asyncio.run(main())
";

/// Requests that never come, until it is stopped.
const HANGING: &str = "import asyncio, os
import aiohttp

async def read(session):
    async with session.get('s/latency=1,fail=1,kinds=hang/v2/models/mlp-16') as response:
        return await response.json()

async def main():
    async with aiohttp.ClientSession(os.environ['MODEL_SERVER_URL']) as session:
        await asyncio.gather(*(read(session) for _ in range(4)))

asyncio.run(main())
";

async fn in_flight(page: &Page) -> Result<u64, PageError> {
    page.evaluate(
        "return fetch('api/stats').then((reply) => reply.json()).then((stats) => stats.in_flight)",
        Vec::new(),
    )
    .await
}

async fn wait_for_in_flight(page: &Page, expected: u64) -> TestResult {
    eventually(&format!("{expected} requests in flight"), async || {
        let found = in_flight(page).await?;
        Ok(if found == expected { Ok(()) } else { Err(found.to_string()) })
    })
    .await?;
    Ok(())
}

async fn fifty_requests_are_tasks_and_stop_aborts_what_is_left(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    // On the virtual clock, the model server's logic is in the sandbox.
    for clock in ["virtual", "browser"] {
        page.choose("clock", clock).await?;
        let run = page.run_program(FIFTY).await?;
        assert!(run.status.starts_with("Finished"), "{clock}: {run:?}");
        assert!(run.log.contains("{'503': 1, 'mlp-16': 48, 'timed out': 1}"), "{clock}: {run:?}");
        // The program, its 50 calls, and 50 requests.
        assert_eq!(page.metric("tasks").await?, "101", "{clock}");
    }
    // In the second run, the server answers as in the first, or what differs is named.
    let notes = page.notes().await?;
    assert!(!notes.contains("No ideal is shown") || notes.contains("the program did something else"), "{notes}");
    wait_for_in_flight(page, 0).await?;

    page.write_program(HANGING).await?;
    page.press("Run").await?;
    wait_for_in_flight(page, 4).await?;
    page.press("Stop").await?;
    let run = page.wait_for_program().await?;
    assert!(run.status.starts_with("Stopped"), "{run:?}");
    wait_for_in_flight(page, 0).await?;
    Ok(())
}

/// Each prints something that its library has done.
const LIBRARIES: &str = "import asyncio, time
import tenacity
from pydantic import BaseModel, ValidationError
from tqdm import tqdm

class Sample(BaseModel):
    label: int

@tenacity.retry(stop=tenacity.stop_after_attempt(3), wait=tenacity.wait_fixed(0.01))
async def flaky():
    raise ValueError('again')

async def main():
    print(Sample(label='7'))
    try:
        Sample(label='seven')
    except ValidationError as error:
        print(error.errors()[0]['type'])
    try:
        await flaky()
    except tenacity.RetryError as error:
        print(error.last_attempt.attempt_number, 'attempts')
    for _ in tqdm(range(3)):
        await asyncio.sleep(0.01)

asyncio.run(main())
";

async fn libraries_are_loaded_when_a_program_imports_them(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    let is_loaded =
        |name: &str| fixture.server.requests().iter().any(|it| it.path.contains(&format!("python/{name}-")));
    page.run_program("print('nothing is imported')\n").await?;
    for name in ["aiohttp", "httpx", "pydantic", "tenacity", "tqdm"] {
        assert!(!is_loaded(name), "{name} was fetched before a program has imported it");
    }
    let run = page.run_program(LIBRARIES).await?;
    assert!(run.status.starts_with("Finished"), "{run:?}");
    for printed in ["label=7", "int_parsing", "3 attempts", "100%|██████████| 3/3"] {
        assert!(run.log.contains(printed), "{printed}: {run:?}");
    }
    assert!(is_loaded("pydantic-core") && !is_loaded("aiohttp"));
    Ok(())
}

async fn the_programs_of_the_guide_for_files_and_requests_run_unmodified(engine: Engine) -> TestResult {
    let fixture = open(engine).await?;
    let page = &fixture.page;
    for (title, begins, printed) in [
        ("3 File I/O", "Part 3, async file I/O", "100 saved, "),
        ("4 API calls", "Part 4, async API calls", "succeeded         200"),
    ] {
        page.press(title).await?;
        wait_for_text(page, begins).await?;
        page.press("Run").await?;
        let run = page.wait_for_program().await?;
        assert!(run.status.starts_with("Finished"), "{title}: {run:?}");
        assert!(run.log.contains(printed), "{title}: {run:?}");
    }
    Ok(())
}

/// A program that sends a request to each address, one after the other, and prints the response or the error.
fn asks<S: AsRef<str>>(addresses: &[S]) -> String {
    let addresses: Vec<&str> = addresses.iter().map(AsRef::as_ref).collect();
    format!(
        "import asyncio
import aiohttp

async def main():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=3)) as session:
        for url in {addresses:?}:
            try:
                async with session.get(url) as response:
                    print('answer', response.status, (await response.text())[:200])
            except (aiohttp.ClientError, TimeoutError) as error:
                print(type(error).__name__, error)

asyncio.run(main())
"
    )
}

/// Opens the fields for a simulated response, and fills in its body.
const WRITE_BODY: &str = "document.querySelector('.hosts details').open = true;
    const field = document.querySelector('.hosts textarea');
    field.value = arguments[0];
    field.dispatchEvent(new Event('change', { bubbles: true }));";

async fn another_server_is_asked_only_after_the_reader_has_allowed_it() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let endpoint = Endpoint::start(Behaviour::default())?;
    let origin = endpoint.url().trim_end_matches('/').to_owned();
    let run = page.run_program(&asks(&[format!("{origin}/v2")])).await?;
    assert!(run.log.contains("ClientConnectorError") && run.log.contains("Allow it below the program"), "{run:?}");
    assert!(endpoint.received().is_empty());
    wait_for(page, ".hosts", &format!("The program wanted to send requests to {origin}.")).await?;

    page.press("Allow and run again").await?;
    page.wait_for_output("answer 200").await?;
    page.wait_for_program().await?;
    let asked = endpoint.received().len();
    page.press("Forbid").await?;
    page.press("Run").await?;
    page.wait_for_output("Allow it below the program").await?;
    page.wait_for_program().await?;

    // What the reader has allowed is for this program only.
    page.press("Allow and run again").await?;
    page.wait_for_output("answer 200").await?;
    page.wait_for_program().await?;
    assert!(endpoint.received().len() > asked);
    page.press("A race between two awaits").await?;
    wait_for_text(page, "A race between two awaits").await?;
    assert_eq!(page.texts(".hosts li").await?, [""; 0]);

    // A server that accepts no requests from pages can be simulated.
    endpoint.behave(Behaviour { cors: Cors::Closed, ..Behaviour::default() });
    page.run_program(&asks(&[format!("{origin}/v2")])).await?;
    let received = endpoint.received().len();
    page.evaluate::<()>(WRITE_BODY, vec!["{\"name\": \"made up\"}".into()]).await?;
    page.press("Simulate and run again").await?;
    page.wait_for_output("answer 200 {\"name\": \"made up\"}").await?;
    page.wait_for_program().await?;
    assert_eq!(endpoint.received().len(), received);
    let notes = page.notes().await?;
    assert!(notes.contains(&format!("The responses of {origin} were simulated.")), "{notes}");

    // Of the site itself, only the model server can be asked.
    let site = fixture.server.url();
    let paths = ["", "python/../index.html", "api/../service-worker.js"].map(|path| format!("{site}{path}"));
    let run = page.run_program(&asks(&paths)).await?;
    let refused =
        run.lines().filter(|line| line.contains("ClientOSError") && line.contains("only use the model server"));
    assert_eq!(refused.count(), 3, "{run:?}");
    Ok(())
}

async fn each_bad_answer_has_its_own_message() -> TestResult {
    let fixture = open(Engine::Chromium).await?;
    let page = &fixture.page;
    let hundred_mb = |has_content_length| Answer::EndlessArray { bytes: 100 << 20, has_content_length };
    let with = |metadata| Behaviour { metadata, ..Behaviour::default() };
    let cases = [
        (with(Answer::Redirect("http://other.example/".to_owned())), "redirects, and a browser does not show where to"),
        (with(hundred_mb(true)), "is too large: at least 104.9 MB, and the limit is 67.1 MB"),
        (with(hundred_mb(false)), "is too large: at least 6"),
        (with(Answer::Never), "TimeoutError"),
        (with(Answer::ClosedHalfway), "connection to"),
        (Behaviour { cors: Cors::Closed, ..Behaviour::default() }, "accepts no requests from a browser (CORS)"),
        (with(Answer::Text(418)), "answer 418"),
    ];
    let endpoints =
        cases.iter().map(|(behaviour, _)| Endpoint::start(behaviour.clone())).collect::<Result<Vec<_>, _>>()?;
    let mut addresses: Vec<_> =
        endpoints.iter().map(|endpoint| format!("{}v2/models/digits", endpoint.url())).collect();
    addresses.extend(["digits", "ftp://host.example/x", "http://127.0.0.1:1/x"].map(str::to_owned));
    page.run_program(&asks(&addresses)).await?;
    // The first one that is allowed starts a run, and the others are allowed meanwhile.
    for endpoint in &endpoints {
        page.evaluate::<()>(ALLOW, vec![endpoint.url().trim_end_matches('/').into()]).await?;
    }
    page.wait_for_program().await?;
    page.press("Run").await?;
    let run = page.wait_for_program().await?;
    let unknown = ["InvalidUrlClientError", "NonHttpUrlClientError", "Allow it below the program"];
    for message in cases.iter().map(|(_, message)| *message).chain(unknown) {
        assert!(run.log.contains(message), "{message}: {run:?}");
    }
    Ok(())
}

/// Allows a server.
const ALLOW: &str = "const item = [...document.querySelectorAll('.hosts li')]
        .find((item) => item.textContent.includes(`to ${arguments[0]}.`));
    item.querySelector('button').click();";

async fn httpx_asks_the_model_server() -> TestResult {
    let fixture = Fixture::open_in(Engine::Chromium, "program").await?;
    let page = &fixture.page;
    page.wait_for_button("Run").await?;
    let program = "import asyncio, os
import httpx

async def main():
    async with httpx.AsyncClient(base_url=os.environ['MODEL_SERVER_URL'], timeout=20) as client:
        responses = await asyncio.gather(*(client.get('s/latency=50/v2/models/mlp-16') for _ in range(20)))
        print([response.status_code for response in responses].count(200), 'of 20')
        print((await client.post('v2/models/mlp-16/infer', json={'inputs': []})).status_code)

asyncio.run(main())
";
    let run = page.run_program(program).await?;
    assert!(run.status.starts_with("Finished"), "{run:?}");
    assert!(run.log.contains("20 of 20") && run.log.contains("400"), "{run:?}");
    Ok(())
}
