//! Reads the events of a part in order and assigns each to its stage.

use crate::measure::events::{Event, EventKind, Outcome, Record};
use crate::measure::task_id::TaskId;

use super::{QueueDepth, Stage, StageSpec, Work};

/// The role of a task in its stage.
#[derive(Clone, Copy, PartialEq)]
enum Role {
    /// It processes one batch after the other.
    Server,
    /// It works on one batch of `samples` samples.
    Work { samples: u32 },
    /// It waits for a batch.
    Take,
    /// It waits for space in the next queue.
    Put,
}

/// The state of reading.
pub(super) struct FlowReader {
    /// The stage and the role of each task of the record, if it has one.
    roles: Vec<Option<(usize, Role)>>,
    began_us: Vec<u64>,
    pub(super) stages: Vec<Stage>,
    queues: Vec<QueueDepth>,
    under_way: u32,
    pub(super) most_under_way: u32,
}

impl FlowReader {
    pub(super) fn new(record: &Record, part: TaskId, samples: u32, stages: &[StageSpec]) -> Self {
        let mut remaining = vec![samples; stages.len()];
        let roles = (0..record.tasks().len()).map(|index| {
            let (stage, mut role) = role_of(record, TaskId::at(index), part, stages)?;
            if let Role::Work { samples } = &mut role {
                *samples = remaining[stage].min(stages[stage].batch_size);
                remaining[stage] -= *samples;
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

    /// The queues, if any of them was ever used.
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

    /// Samples enter with the first stage and leave with the last.
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

/// The stage and the role of a task, by its name and the name of its parent.
fn role_of(record: &Record, id: TaskId, part: TaskId, stages: &[StageSpec]) -> Option<(usize, Role)> {
    let task = record.task(id);
    let parent = task.parent?;
    let is_in_part = parent == part || record.task(parent).parent == Some(part);
    let (parent_name, name) = (record.task(parent).name.kind(), task.name.kind());
    let role = |stage: &StageSpec| match name {
        _ if name == stage.work => Some(Role::Work { samples: 0 }),
        _ if name == stage.task => Some(Role::Server),
        "take" if parent_name == stage.task => Some(Role::Take),
        "put" if parent_name == stage.task => Some(Role::Put),
        _ => None,
    };
    let found = stages.iter().enumerate().find_map(|(index, stage)| Some((index, role(stage)?)));
    found.filter(|_| is_in_part)
}
