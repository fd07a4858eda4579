//! Tests the connection to an endpoint, and explains why an endpoint cannot be used.

use crate::endpoint::model_server::NoModelServer;
use crate::endpoint::oip::{Client, OipError};
use crate::exercises::exercise::{ConnectionReport, Failure, failure_from};
use crate::exercises::prelude::*;

use super::findings::tensors_in_words;
use super::inputs::{Inputs, InputsError};
use super::plan::Plan;

/// The maximum number of listed models whose metadata is fetched.
const MAX_LISTED: usize = 8;

/// The names of the endpoint's models, if the reader has named none.
pub(super) async fn listed_models(run: &Run, client: &Client, plan: &Plan) -> Result<Vec<String>, Failure> {
    let listed = run.timeout(plan.timeout, client.models()).await.unwrap_or_else(|timed_out| Err(timed_out.into()));
    let mut models = match listed {
        Ok(models) if models.is_empty() => return Err(no_model()),
        Ok(models) => models,
        Err(error) => return Err(unlisted(run, client, plan, error).await),
    };
    models.truncate(MAX_LISTED);
    Ok(models)
}

fn needs_login(error: &OipError) -> bool {
    matches!(error, OipError::Status { status: 401 | 403, .. })
}

/// The failure if the endpoint does not list its models. The list is optional, so another request shows whether anything is
/// wrong with the endpoint itself.
async fn unlisted(run: &Run, client: &Client, plan: &Plan, error: OipError) -> Failure {
    if needs_login(&error) {
        return error.into();
    }
    match run.timeout(plan.timeout, client.server()).await.unwrap_or_else(|timed_out| Err(timed_out.into())) {
        Err(error @ (OipError::Http(_) | OipError::TimedOut(_))) => explain(run, client, plan, error).await.into(),
        _ => {
            let message = format!("the endpoint does not list its models ({error})");
            Failure::new(message, "Enter the name of one of its models under “Models”.")
        }
    }
}

/// Fetches the name and version of the server, and the metadata of the first model.
pub(super) async fn test(run: &Run, plan: &mut Plan) -> Result<ConnectionReport, Failure> {
    let client = Client::new(run, plan.metadata_url.clone());
    // The time that the reader needs for an answer does not count.
    client.let_browser_ask().await;
    let start = run.now();
    let server = run.timeout(plan.timeout, client.server()).await.unwrap_or_else(|timed_out| Err(timed_out.into()));
    let took = units::span((run.now() - start).as_micros() as u64);
    let server = match server {
        Ok(server) => format!("`{}` {} answered in {took}.", server.name, server.version),
        // Something is there. A proxy may know the models only.
        Err(
            error @ (OipError::Status { .. }
            | OipError::Reported { .. }
            | OipError::NotJson { .. }
            | OipError::NotTheProtocol { .. }),
        ) => {
            format!(
                "The server answered in {took}, but returned no usable server metadata ({error}). Runs work without it."
            )
        }
        Err(error) => return Err(Failure::from(explain(run, &client, plan, error).await)),
    };
    let entered = Inputs::entered(plan)?;
    if plan.models.is_empty() {
        plan.models = listed_models(run, &client, plan).await?;
    }
    let models = match &*plan.models {
        [_] => None,
        models => Some(format!("Models: {}. Inference requests go to `{}`.", models.join(", "), plan.model())),
    };
    let model =
        run.timeout(plan.timeout, client.model(plan.model())).await.unwrap_or_else(|timed_out| Err(timed_out.into()));
    let model = match (model, entered) {
        (Err(error), _) if needs_login(&error) => return Err(failure(run, &client, plan, error).await),
        (Err(error), Some(entered)) => {
            let inputs = entered.in_words();
            format!(
                "The model's metadata could not be fetched ({error}). Requests contain the inputs that you entered: {inputs}."
            )
        }
        (Ok(_), Some(entered)) => format!("Requests contain the inputs that you entered: {}.", entered.in_words()),
        (Ok(model), None) => format!(
            "Inputs of `{}`: {}. Outputs: {}.",
            model.name,
            tensors_in_words(&model.inputs),
            tensors_in_words(&model.outputs)
        ),
        (Err(error), None) => return Err(failure(run, &client, plan, error).await),
    };
    Ok(ConnectionReport { lines: [Some(server), models, Some(model)].into_iter().flatten().collect() })
}

/// The failure if the metadata of the first model cannot be fetched.
pub(super) async fn failure(run: &Run, client: &Client, plan: &Plan, error: OipError) -> Failure {
    let may_be_undescribed = !plan.is_embedded && matches!(error, OipError::Status { status: 404 | 405 | 501, .. });
    let failure = Failure::from(explain(run, client, plan, error).await);
    let message = format!("model `{}`: {}", plan.model(), failure.message);
    Failure { message, advice: if may_be_undescribed { UNDESCRIBED } else { failure.advice }, ..failure }
}

/// Advice if there is an endpoint, but no metadata.
const UNDESCRIBED: &str = "Check the model's name and the base URL, which is everything before `v2/…`. If the server does not \
                           describe its models, enter the model's inputs under “Inputs”.";

/// Replaces an error by a more specific one, if the client can find the cause before the timeout.
async fn explain(run: &Run, client: &Client, plan: &Plan, error: OipError) -> OipError {
    run.timeout(plan.timeout, client.explain(error.clone())).await.unwrap_or(error)
}

/// The failure if the list of models is empty.
pub(super) fn no_model() -> Failure {
    Failure::new("there is no model name", "Enter the name of one of the endpoint's models.")
}

failure_from!(OipError, NoModelServer, InputsError);
