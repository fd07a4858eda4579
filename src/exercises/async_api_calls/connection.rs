//! Whether an endpoint can be reached, and why not, in the reader's words.

use crate::endpoint::model_server::NoModelServer;
use crate::endpoint::oip::{Client, OipError};
use crate::exercises::exercise::{Connection, Failure};
use crate::exercises::prelude::*;

use super::findings::tensors_in_words;
use super::inputs::InputsError;
use super::plan::Plan;

/// Asks the endpoint who it is, and its first model what it takes.
pub(super) async fn test(run: &Run, plan: &Plan) -> Result<Connection, Failure> {
    let client = Client::new(run, plan.about.clone());
    let start = run.now();
    let server = match run.timeout(plan.timeout, client.server()).await.unwrap_or_else(|late| Err(late.into())) {
        Ok(server) => server,
        Err(error) => return Err(Failure::from(explained(run, &client, plan, error).await)),
    };
    let took = units::span((run.now() - start).as_micros() as u64);
    let model = run.timeout(plan.timeout, client.model(plan.model())).await.unwrap_or_else(|late| Err(late.into()));
    let model = match model {
        Ok(model) => model,
        Err(error) => return Err(failure(run, &client, plan, error).await),
    };
    let server = format!("`{}` {} answered in {took}.", server.name, server.version);
    let model = format!(
        "`{}` takes {} and gives {}.",
        model.name,
        tensors_in_words(&model.inputs),
        tensors_in_words(&model.outputs)
    );
    Ok(Connection { lines: vec![server, model] })
}

/// The failure if the first model does not describe its inputs.
pub(super) async fn failure(run: &Run, client: &Client, plan: &Plan, error: OipError) -> Failure {
    let failure = Failure::from(explained(run, client, plan, error).await);
    Failure { message: format!("model `{}`: {}", plan.model(), failure.message), ..failure }
}

/// A better word for it, if one can be had in time.
async fn explained(run: &Run, client: &Client, plan: &Plan, error: OipError) -> OipError {
    run.timeout(plan.timeout, client.explain(error.clone())).await.unwrap_or(error)
}

/// The failure if no model is named.
pub(super) fn no_model() -> Failure {
    Failure { message: "no model is named".to_owned(), advice: "Write the name of a model that the endpoint has." }
}

impl From<OipError> for Failure {
    fn from(error: OipError) -> Self {
        Self { message: error.to_string(), advice: error.advice() }
    }
}

impl From<NoModelServer> for Failure {
    fn from(error: NoModelServer) -> Self {
        Self { message: error.to_string(), advice: error.advice() }
    }
}

impl From<InputsError> for Failure {
    fn from(error: InputsError) -> Self {
        match error {
            InputsError::Load(error) => error.into(),
            _ => Self { message: error.to_string(), advice: error.advice() },
        }
    }
}
