//! Tests the connection to an endpoint, and explains why an endpoint cannot be used.

use crate::endpoint::model_server::NoModelServer;
use crate::endpoint::oip::{Client, OipError};
use crate::exercises::exercise::{Connection, Failure, failure_from};
use crate::exercises::prelude::*;

use super::findings::tensors_in_words;
use super::inputs::InputsError;
use super::plan::Plan;

/// Fetches the name and version of the server, and the metadata of the first model.
pub(super) async fn test(run: &Run, plan: &Plan) -> Result<Connection, Failure> {
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
            format!("The server answered in {took}, but does not describe itself ({error}). Runs do not need that.")
        }
        Err(error) => return Err(Failure::from(explain(run, &client, plan, error).await)),
    };
    let model =
        run.timeout(plan.timeout, client.model(plan.model())).await.unwrap_or_else(|timed_out| Err(timed_out.into()));
    let model = match model {
        Ok(model) => model,
        Err(error) => return Err(failure(run, &client, plan, error).await),
    };
    let model = format!(
        "Inputs of `{}`: {}. Outputs: {}.",
        model.name,
        tensors_in_words(&model.inputs),
        tensors_in_words(&model.outputs)
    );
    Ok(Connection { lines: vec![server, model] })
}

/// The failure if the metadata of the first model cannot be fetched.
pub(super) async fn failure(run: &Run, client: &Client, plan: &Plan, error: OipError) -> Failure {
    let failure = Failure::from(explain(run, client, plan, error).await);
    Failure { message: format!("model `{}`: {}", plan.model(), failure.message), ..failure }
}

/// Replaces an error by a more specific one, if the client can find the cause before the timeout.
async fn explain(run: &Run, client: &Client, plan: &Plan, error: OipError) -> OipError {
    run.timeout(plan.timeout, client.explain(error.clone())).await.unwrap_or(error)
}

/// The failure if the list of models is empty.
pub(super) fn no_model() -> Failure {
    Failure::new("there is no model name", "Enter the name of one of the endpoint's models.")
}

failure_from!(OipError, NoModelServer, InputsError);
