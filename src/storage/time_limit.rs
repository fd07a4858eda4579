//! A time limit for work with the browser's storage: a database of a browser may never answer.

use std::time::Duration;

use super::StorageError;
use crate::runtime::Run;

/// The time within which the storage responds. On a busy machine, it takes seconds. One that takes longer does not
/// respond later either.
const RESPONDS_WITHIN: Duration = Duration::from_secs(20);

/// The result of work with the storage, or [`StorageError::NoResponse`] if it takes longer than 20 s.
///
/// # Errors
///
/// That of the work, or the one above.
pub async fn in_time<T, E: From<StorageError>>(work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let result = Run::for_page().timeout(RESPONDS_WITHIN, work).await;
    result.unwrap_or_else(|_| Err(StorageError::NoResponse.into()))
}
