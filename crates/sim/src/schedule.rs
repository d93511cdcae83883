//! Virtual time: what is to happen when, and the tasks that wait for it.
//!
//! A small executor, because no other lets time stand still between two polls
//! of a single thread and depends on nothing but the order of what happened.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, Wake, Waker};

use jiff::Timestamp;

use crate::sim::Shared;

/// Something to do at a point in time.
type Alarm = Box<dyn FnOnce() + Send>;

/// What is to happen, by time and then in the order in which it was asked for.
#[derive(Default)]
pub(crate) struct Timers {
    alarms: BTreeMap<(Timestamp, u64), Alarm>,
    count: u64,
}

/// Which alarm.
pub(crate) type AlarmId = (Timestamp, u64);

impl Timers {
    pub(crate) fn set(&mut self, at: Timestamp, alarm: impl FnOnce() + Send + 'static) -> AlarmId {
        self.count += 1;
        let id = (at, self.count);
        self.alarms.insert(id, Box::new(alarm));
        id
    }

    pub(crate) fn cancel(&mut self, id: AlarmId) {
        self.alarms.remove(&id);
    }

    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.alarms.keys().next().map(|(at, _)| *at)
    }

    /// The first alarm that is due.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<(Timestamp, Alarm)> {
        let entry = self.alarms.first_entry()?;
        let (at, _) = *entry.key();
        (at <= now).then(|| (at, entry.remove()))
    }
}

/// A task of the simulated control plane.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Which task, in the order in which they were started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TaskId(u64);

/// The tasks, and which of them have something to do.
#[derive(Default)]
pub(crate) struct Tasks {
    tasks: BTreeMap<TaskId, Task>,
    /// The task that is being polled, and whether it was ended meanwhile.
    polled: Option<(TaskId, bool)>,
    count: u64,
    ready: Arc<Ready>,
}

#[derive(Default)]
struct Ready(Mutex<VecDeque<TaskId>>);

struct TaskWaker {
    id: TaskId,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut ready = self.ready.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !ready.contains(&self.id) {
            ready.push_back(self.id);
        }
    }
}

impl Tasks {
    pub(crate) fn start(&mut self, task: Task) -> TaskId {
        self.count += 1;
        let id = TaskId(self.count);
        self.tasks.insert(id, task);
        self.waker(id).wake();
        id
    }

    /// Ends a task where it stands, as a crash does. What it held is handed
    /// out, to be dropped when nothing is locked.
    pub(crate) fn end(&mut self, id: TaskId) -> Option<Task> {
        if let Some((polled, ended)) = &mut self.polled
            && *polled == id
        {
            *ended = true;
        }
        self.tasks.remove(&id)
    }

    fn waker(&self, id: TaskId) -> Waker {
        Waker::from(Arc::new(TaskWaker { id, ready: Arc::clone(&self.ready) }))
    }

    /// The next task that has something to do, taken out to be polled.
    pub(crate) fn take_ready(&mut self) -> Option<(TaskId, Task, Waker)> {
        loop {
            let mut ready = self.ready.0.lock().unwrap_or_else(PoisonError::into_inner);
            let id = ready.pop_front()?;
            drop(ready);
            if let Some(task) = self.tasks.remove(&id) {
                self.polled = Some((id, false));
                return Some((id, task, self.waker(id)));
            }
        }
    }

    /// Puts a task back that is not done. One that was ended is handed out.
    pub(crate) fn put_back(&mut self, id: TaskId, task: Task) -> Option<Task> {
        if self.polled.take() == Some((id, true)) {
            return Some(task);
        }
        self.tasks.insert(id, task);
        None
    }
}

/// Waits until a point in virtual time.
pub(crate) struct Sleep {
    shared: Weak<Shared>,
    until: Timestamp,
    alarm: Option<AlarmId>,
}

impl Sleep {
    pub(crate) fn new(shared: &Weak<Shared>, until: Timestamp) -> Sleep {
        Sleep { shared: Weak::clone(shared), until, alarm: None }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // Where nothing is left that time could pass for, it does not pass.
        let Some(shared) = self.shared.upgrade() else { return Poll::Pending };
        let mut state = shared.lock();
        if let Some(alarm) = self.alarm.take() {
            state.timers.cancel(alarm);
        }
        if state.server.now >= self.until {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        self.alarm = Some(state.timers.set(self.until, move || waker.wake()));
        drop(state);
        shared.changed();
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let (Some(alarm), Some(shared)) = (self.alarm.take(), self.shared.upgrade()) {
            shared.lock().timers.cancel(alarm);
        }
    }
}
