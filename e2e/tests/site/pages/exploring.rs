//! Exploring the time of a run that is over: the cursor, the replay, and a selected time range.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use fantoccini::key::Key;
use serde_json::json;

/// Ten samples in a limit of three, which take about 560 ms, and the same without a limit.
const LINK: &str = "async-multiple?one-by-one=off&seed=7";

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![the_slider_works_with_the_keyboard, a_drag_with_shift_selects_a_range_of_one_part].chain(
        in_each_engine![
            the_cursor_shows_what_each_task_waits_for,
            a_selected_range_is_what_the_figures_describe,
            a_replay_moves_the_cursor_to_the_end
        ],
    )
}

/// Moves the slider to this step, from 0 to 1000.
async fn slide_to(page: &Page, step: u32) -> Result<(), PageError> {
    let script = "const slider = document.querySelector('.scrubber input');
        slider.value = String(arguments[0]);
        slider.dispatchEvent(new InputEvent('input', { bubbles: true }));";
    page.evaluate(script, vec![json!(step)]).await
}

/// The tree of the part whose heading begins with this name.
async fn tree(page: &Page, part: &str) -> Result<Vec<String>, PageError> {
    let script = "const part = [...document.querySelectorAll('.moments section')]
            .find(it => it.querySelector('h3').textContent.startsWith(arguments[0]));
        return [...part?.querySelectorAll('p, li') ?? []].map(it => [...it.childNodes]
            .filter(child => child.nodeName !== 'UL').map(child => child.textContent).join(''));";
    page.evaluate(script, vec![json!(part)]).await
}

/// Presses a button of the part whose heading begins with this name.
async fn press_in(page: &Page, part: &str, button: &str) -> Result<(), PageError> {
    let script = "const part = [...document.querySelectorAll('.moments section')]
            .find(it => it.querySelector('h3').textContent.startsWith(arguments[0]));
        [...part.querySelectorAll('button')].find(it => it.textContent === arguments[1]).click();";
    page.evaluate(script, vec![json!(part), json!(button)]).await
}

async fn finished(engine: Engine) -> Result<Fixture, e2e::fixture::TestError> {
    let fixture = Fixture::open_in(engine, LINK).await?;
    fixture.page.run_to_the_end().await?;
    Ok(fixture)
}

async fn the_cursor_shows_what_each_task_waits_for(engine: Engine) -> TestResult {
    let fixture = finished(engine).await?;
    let page = &fixture.page;
    page.press("At the cursor").await?;
    assert!(page.texts(".results .empty").await?.iter().any(|text| text.contains("click a time in the timeline")));
    // At the beginning, the limit is full in any run.
    slide_to(page, 50).await?;
    let tree = eventually("the tree of the part with a limit", async || {
        let tree = tree(page, "Limited").await?;
        Ok(if tree.len() >= 4 { Ok(tree) } else { Err(format!("{tree:?}")) })
    })
    .await?;
    assert_eq!(tree[0], "Semaphore: all 3 permits are taken, and 7 tasks are queued.");
    assert!(tree[1].starts_with("process_batch_limited waits for its subtasks on line "), "{tree:?}");
    assert!(tree[2].contains(" and 2 more wait for a timer on line "), "{tree:?}");
    assert!(tree[3].contains(" and 6 more are queued for a permit on line "), "{tree:?}");
    // The mouse may have come to rest on a task, which is then described instead, also after some later events of it.
    let leave = "document.querySelector('.timeline canvas').dispatchEvent(new PointerEvent('pointerleave'))";
    eventually("the sentence about the instant", async || {
        page.evaluate::<bool>(&format!("return {leave}"), Vec::new()).await?;
        let sentence = page.texts(".timeline .chosen").await?.join(" ");
        Ok(if sentence.contains("Limited: 7 tasks are queued for a permit (line ") { Ok(()) } else { Err(sentence) })
    })
    .await?;
    // The code says how many tasks wait on each line at that instant.
    eventually("the notes in the code", async || {
        let notes = page.texts("section.sources .note").await?;
        let is_there = notes.iter().any(|note| note.starts_with("7 at the cursor; "));
        Ok(if is_there { Ok(()) } else { Err(format!("{notes:?}")) })
    })
    .await?;
    // After its end, a part says so.
    slide_to(page, 1_000).await?;
    eventually("the end of the part without a limit", async || {
        let tree = self::tree(page, "All at once").await?;
        Ok(if tree.len() == 1 && tree[0].starts_with("It ended after ") { Ok(()) } else { Err(format!("{tree:?}")) })
    })
    .await
    .map_err(Into::into)
}

async fn a_selected_range_is_what_the_figures_describe(engine: Engine) -> TestResult {
    let fixture = finished(engine).await?;
    let page = &fixture.page;
    let tasks = async || page.metric("tasks").await;
    let of_run = tasks().await?;
    page.press("At the cursor").await?;
    slide_to(page, 50).await?;
    press_in(page, "Limited", "Range to here").await?;
    eventually("the tasks of the range", async || {
        let now = tasks().await?;
        // The part itself and its ten samples.
        Ok(if now == "11" { Ok(()) } else { Err(format!("{now} of {of_run}")) })
    })
    .await?;
    assert_eq!(page.metric("peak-queue").await?, "7");
    assert_eq!(page.metric("efficiency").await?, "–", "the ideal is that of the whole run");
    let selected = page.texts(".results .selected b").await?.join(" ");
    assert!(selected.starts_with("Selected: 0 ms to ") && selected.ends_with(" of Limited."), "{selected}");
    // Nothing has ended in the range, so nothing has failed or succeeded.
    assert_eq!(page.metric("outcomes").await?, "none yet");
    page.press("Show the whole run").await?;
    eventually("the tasks of the run", async || {
        let now = tasks().await?;
        Ok(if now == of_run { Ok(()) } else { Err(now) })
    })
    .await?;
    assert_eq!(page.texts(".results .selected").await?, [""; 0]);
    Ok(())
}

async fn a_replay_moves_the_cursor_to_the_end(engine: Engine) -> TestResult {
    let fixture = finished(engine).await?;
    let page = &fixture.page;
    let set_speed = "const speed = document.querySelector('.scrubber select');
        speed.value = '1';
        speed.dispatchEvent(new Event('change', { bubbles: true }));";
    page.evaluate::<()>(set_speed, Vec::new()).await?;
    // The slider is moved many times, and always onwards.
    let watch = "window.steps = [];
        const slider = document.querySelector('.scrubber input');
        const look = () => { window.steps.push(Number(slider.value)); requestAnimationFrame(look); };
        look();";
    page.evaluate::<()>(watch, Vec::new()).await?;
    page.press("Replay").await?;
    eventually("the end of the replay", async || {
        let value: String = page.evaluate("return document.querySelector('.scrubber input').value", Vec::new()).await?;
        Ok(if value == "1000" { Ok(()) } else { Err(value) })
    })
    .await?;
    page.wait_for_button("Replay").await?;
    let steps: Vec<u32> = page.evaluate("return window.steps", Vec::new()).await?;
    assert!(steps.is_sorted() && steps.iter().any(|step| (1..1_000).contains(step)), "{steps:?}");
    Ok(())
}

async fn the_slider_works_with_the_keyboard() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    let buttons = page.texts(".timeline-head button").await?;
    assert!(!buttons.contains(&"Replay".to_owned()), "there is nothing to replay: {buttons:?}");
    page.run_to_the_end().await?;
    page.tab_to("Replay").await?;
    page.key(Key::Tab).await?;
    page.key(Key::Tab).await?;
    let value = async || {
        let script = "return document.activeElement.getAttribute('aria-valuetext')";
        page.evaluate::<String>(script, Vec::new()).await
    };
    assert_eq!(value().await?, "no time chosen");
    page.key(Key::End).await?;
    let end = value().await?;
    page.key(Key::Home).await?;
    assert_eq!(value().await?, "0 ms");
    page.key(Key::Right).await?;
    let next = value().await?;
    assert!(next != "0 ms" && next != end && next.ends_with("ms"), "{next}, {end}");
    assert_eq!(page.texts("#tab-at-the-cursor").await?, [format!("At {next}")]);
    // Escape in the timeline ends it.
    page.evaluate::<()>("document.querySelector('.timeline canvas').focus()", Vec::new()).await?;
    page.key(Key::Escape).await?;
    assert_eq!(page.texts("#tab-at-the-cursor").await?, ["At the cursor"]);
    Ok(())
}

async fn a_drag_with_shift_selects_a_range_of_one_part() -> TestResult {
    let fixture = finished(Engine::Chromium).await?;
    let page = &fixture.page;
    let drag = "const canvas = document.querySelector('.timeline canvas');
        const lanes = document.querySelectorAll('.timeline .lanes')[arguments[0]].getBoundingClientRect();
        const { left, width } = canvas.getBoundingClientRect();
        const at = (share, type, buttons) => canvas.dispatchEvent(new PointerEvent(type, {
            bubbles: true, pointerId: 1, isPrimary: true, buttons, shiftKey: arguments[1],
            clientX: left + width * share, clientY: lanes.top + lanes.height / 2, movementX: width * 0.05,
        }));
        at(0.02, 'pointerdown', 1);
        at(0.05, 'pointermove', 1);
        at(0.08, 'pointermove', 1);
        at(0.08, 'pointerup', 0);";
    page.evaluate::<()>(drag, vec![json!(0), json!(true)]).await?;
    let selected = page.texts(".results .selected b").await?.join(" ");
    assert!(selected.starts_with("Selected: ") && selected.ends_with(" of Limited."), "{selected}");
    assert_eq!(page.metric("tasks").await?, "11");
    page.press("Show the whole run").await?;
    // Without Shift, a drag moves the view.
    page.evaluate::<()>(drag, vec![json!(0), json!(false)]).await?;
    assert_eq!(page.texts(".results .selected").await?, [""; 0]);
    assert_eq!(page.texts("#tab-at-the-cursor").await?, ["At the cursor"]);
    Ok(())
}
