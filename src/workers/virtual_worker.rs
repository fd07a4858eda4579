//! The worker of the virtual clock.

use crate::runtime::Run;
use crate::workers::dispatcher::Worker;
use crate::workers::runner::JobRunner;
use crate::workers::{CompletedJob, Job, OffloadError};

/// A worker that starts in no time and takes exactly as long as its jobs say.
#[derive(Debug)]
pub(super) struct VirtualWorker {
    run: Run,
    runner: JobRunner,
}

impl Worker for VirtualWorker {
    async fn start(run: &Run) -> Result<Self, OffloadError> {
        Ok(Self { run: run.clone(), runner: JobRunner::default() })
    }

    async fn run(&mut self, job: Job) -> Result<CompletedJob, OffloadError> {
        let worked = job.service_time();
        self.run.sleep(worked).await;
        if let Job::Panic(message) = job {
            return Err(OffloadError::Panicked { message });
        }
        Ok(CompletedJob { answer: self.runner.run(job)?, worked })
    }

    fn is_alive(&mut self) -> bool {
        true
    }
}
