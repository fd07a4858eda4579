//! Goes through the events of a part in time, and enters at which stage each belongs.

use crate::measure::events::{Event, EventKind, Outcome, Record, TaskId};

use super::{QueueDepth, Stage, StageSpec, Work};

/// What a task does at its stage.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// It goes from batch to batch.
    Server,
    /// It works on a batch of so many samples.
    Work { samples: u32 },
    /// It waits for a batch.
    Take,
    /// It waits for room.
    Put,
}

/// What was read so far.
pub(super) struct FlowReader {
    /// For each task of the record its stage and what it does there, if it is one of those that are looked for.
    roles: Vec<Option<(usize, Role)>>,
    began_us: Vec<u64>,
    pub(super) stages: Vec<Stage>,
    queues: Vec<QueueDepth>,
    under_way: u32,
    pub(super) most_under_way: u32,
}

impl FlowReader {
    pub(super) fn new(record: &Record, part: TaskId, samples: u32, stages: &[StageSpec]) -> Self {
        let mut left = vec![samples; stages.len()];
        let roles = (0..record.tasks().len()).map(|index| {
            let (stage, mut role) = role_of(record, TaskId::at(index), part, stages)?;
            if let Role::Work { samples } = &mut role {
                *samples = left[stage].min(stages[stage].batch_size);
                left[stage] -= *samples;
            }
            Some((stage, role))
        });
        let roles: Vec<_> = roles.collect();
        let stage = |(index, stage): (usize, &StageSpec)| Stage {
            name: stage.name.into(),
            works: Vec::new(),
            servers: (roles.iter().filter(|role| **role == Some((index, Role::Server))).count() as u32).max(1),
            waited_for_input_us: 0,
            waited_for_room_us: 0,
        };
        Self {
            stages: stages.iter().enumerate().map(stage).collect(),
            queues: vec![QueueDepth::default(); stages.len().saturating_sub(1)],
            began_us: vec![0; roles.len()],
            roles,
            under_way: 0,
            most_under_way: 0,
        }
    }

    /// The queues, if anything ever lay in one.
    pub(super) fn queues(&mut self) -> Vec<QueueDepth> {
        let has_any = self.queues.iter().any(|queue| !queue.changes.is_empty());
        if has_any { std::mem::take(&mut self.queues) } else { Vec::new() }
    }

    pub(super) fn take(&mut self, event: Event) {
        let index = event.task.index();
        let Some((stage, role)) = self.roles[index] else { return };
        match event.kind {
            EventKind::Spawned => self.began_us[index] = event.at_us,
            EventKind::Ended(Outcome::Succeeded) => self.end(stage, role, self.began_us[index], event.at_us),
            _ => {}
        }
    }

    fn end(&mut self, stage: usize, role: Role, from_us: u64, to_us: u64) {
        match role {
            Role::Server => {}
            Role::Work { samples } => {
                self.stages[stage].works.push(Work { from_us, to_us, samples });
                self.count(stage, samples);
            }
            Role::Take => {
                self.stages[stage].waited_for_input_us += to_us - from_us;
                let queue = stage.checked_sub(1).map(|before| &mut self.queues[before]);
                // The last take finds the queue closed and empty.
                if let Some(queue) = queue.filter(|queue| queue.now() > 0) {
                    queue.changes.push((to_us, queue.now() - 1));
                }
            }
            Role::Put => {
                self.stages[stage].waited_for_room_us += to_us - from_us;
                if let Some(queue) = self.queues.get_mut(stage) {
                    queue.changes.push((to_us, queue.now() + 1));
                }
            }
        }
    }

    /// Samples come with the first stage and go with the last.
    fn count(&mut self, stage: usize, samples: u32) {
        if stage == 0 {
            self.under_way += samples;
            self.most_under_way = self.most_under_way.max(self.under_way);
        }
        if stage + 1 == self.stages.len() {
            self.under_way = self.under_way.saturating_sub(samples);
        }
    }
}

/// At which stage of a part a task is what, by its name and that of the task which holds it.
fn role_of(record: &Record, id: TaskId, part: TaskId, stages: &[StageSpec]) -> Option<(usize, Role)> {
    let task = record.task(id);
    let parent = task.parent?;
    let is_of_part = parent == part || record.task(parent).parent == Some(part);
    let (holder, name) = (record.task(parent).name.as_ref(), task.name.as_ref());
    let role = |stage: &StageSpec| match name {
        _ if name == stage.work => Some(Role::Work { samples: 0 }),
        _ if name == stage.task => Some(Role::Server),
        "take" if holder == stage.task => Some(Role::Take),
        "put" if holder == stage.task => Some(Role::Put),
        _ => None,
    };
    let found = stages.iter().enumerate().find_map(|(index, stage)| Some((index, role(stage)?)));
    found.filter(|_| is_of_part)
}
