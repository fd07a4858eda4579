//! Who does jobs on the virtual clock.

use crate::runtime::Run;
use crate::workers::dispatcher::Worker;
use crate::workers::skill::Skill;
use crate::workers::{Done, Job, OffloadError};

/// A worker that takes as long as its jobs say, and no time to start.
#[derive(Debug)]
pub(super) struct VirtualWorker {
    run: Run,
    skill: Skill,
}

impl Worker for VirtualWorker {
    async fn start(run: &Run) -> Result<Self, OffloadError> {
        Ok(Self { run: run.clone(), skill: Skill::default() })
    }

    async fn answer(&mut self, job: Job) -> Result<Done, OffloadError> {
        let worked = job.service_time();
        self.run.sleep(worked).await;
        if let Job::Panic(message) = job {
            return Err(OffloadError::Panicked { message });
        }
        Ok(Done { answer: self.skill.answer(job)?, worked })
    }

    fn is_alive(&self) -> bool {
        true
    }
}
