//! The forecast: the ideal of the experiment that Run would start, computed again whenever a control changes. It runs
//! on the virtual clock only, so it sends no request to an endpoint, and uses neither the browser's storage nor
//! workers. The code and files that it needs are fetched when the page has been painted and the browser is idle. Where
//! there is no forecast, the last saved run is outlined instead.

use std::rc::Rc;
use std::time::Duration;

use leptos::leptos_dom::helpers::request_idle_callback_with_handle;
use leptos::prelude::*;

use crate::exercises::experiment::Experiment;
use crate::exercises::site::Site;
use crate::lazy::NotFetched;
use crate::measure::Record;
use crate::runtime::turn::yield_to_browser;
use crate::runtime::{Stopper, stoppable};
use crate::ui::display::before::Forecast;
use crate::ui::display::{Display, Status};
use crate::ui::history;

/// The time after which a browser that does not say when it is idle counts as idle.
const IDLE_AFTER: Duration = Duration::from_millis(200);

/// Keeps the forecast of a display up to date. If `waits_for_run`, the first one comes after the first run.
pub(super) fn use_forecast(display: Display, site: Rc<Site>, waits_for_run: bool) {
    let is_idle = RwSignal::new(false);
    when_idle(move || {
        // The page may have been left.
        is_idle.try_set(true);
    });
    let site = StoredValue::new_local(site);
    // Dropping it stops the computation: there is never more than one.
    let computing = StoredValue::new_local(None::<Stopper>);
    let stop = move || drop(computing.try_update_value(Option::take));
    on_cleanup(stop);
    Effect::new(move || {
        stop();
        let is_later = (waits_for_run && display.runs.get() == 0) || display.is_running();
        if is_later {
            display.is_settled.set(true);
        }
        if !is_idle.get() || is_later {
            return;
        }
        let Some(wanted) = wanted(display) else {
            display.is_settled.set(true);
            return display.set_forecast(None);
        };
        let (work, stopper) = stoppable(async move {
            // If something cannot be fetched, the page is as it would be without a forecast.
            let _ = show(display, wanted, site.get_value()).await;
            display.is_settled.set(true);
        });
        computing.set_value(Some(stopper));
        leptos::task::spawn_local(work);
    });
}

/// The experiment of the form, if it can run and its ideal is not on display already.
fn wanted(display: Display) -> Option<Experiment> {
    let is_news = display.status.with(|status| *status == Status::Ready) || display.is_outdated();
    (is_news && !display.form.has_refusals()).then(|| display.form.experiment())
}

async fn show(display: Display, experiment: Experiment, site: Rc<Site>) -> Result<(), NotFetched> {
    if let Some(ideal) = ideal(&experiment, site).await? {
        // With tens of thousands of tasks, reading and drawing take as long as many slices of the computation.
        yield_to_browser().await;
        let forecast = Forecast::new(experiment, ideal);
        yield_to_browser().await;
        display.set_forecast(Some(forecast));
        return Ok(());
    }
    display.set_forecast(None);
    if display.may_show_last_run()
        && let Some(run) = history::newest(display.exercise.slug).await
    {
        display.set_last_run(run);
    }
    Ok(())
}

async fn ideal(experiment: &Experiment, site: Rc<Site>) -> Result<Option<Record>, NotFetched> {
    if !experiment.exercise().has_forecast {
        return Ok(None);
    }
    experiment.fetch().await?;
    Ok(experiment.clone().ideal_in_slices(site).await)
}

/// Calls `act` once, after the page has been painted and when the browser is idle.
fn when_idle(act: impl Fn() + Clone + 'static) {
    request_animation_frame(move || {
        let later = act.clone();
        if request_idle_callback_with_handle(act).is_err() {
            set_timeout(later, IDLE_AFTER);
        }
    });
}
