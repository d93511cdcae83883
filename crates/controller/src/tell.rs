//! Tells everybody else what was recorded: Events for who describes an object,
//! signed requests for the receivers of an AccessConfig. Beside the turns, which
//! never wait for it.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fallgate_announce::{Keys, Target};
use fallgate_api::Webhook;
use fallgate_api::names::SYSTEM_NAMESPACE;
use fallgate_cluster::Writer;
use futures::future::join_all;
use k8s_openapi::api::core::v1::Secret;

use crate::Clock;
use crate::clock::moment;
use crate::elector::Moment;
use crate::events::{self, Pending};
use crate::health::{Health, Receiver};
use crate::locked::locked;
use crate::record::Pages;
use crate::webhook::{Courier, FileCursors, Journal, Next, Then, Told, Transport, World};

/// How often it looks whether there is something to tell.
const LOOK: Duration = Duration::from_secs(1);
/// For how long the keys of a receiver are used before they are read again, and
/// how long it is left alone when it cannot be told anything for a reason of ours.
const AGAIN: Duration = Duration::from_secs(60);
/// How much one receiver is told before everybody else has their turn.
const AT_ONCE: usize = 32;

/// How receivers are reached, and where it is kept how far they were told.
pub struct Receivers {
    /// What carries requests to them.
    pub transport: Arc<dyn Transport>,
    /// How far each was told.
    pub cursors: FileCursors,
}

/// The receivers that are to be told now: none while another process leads.
#[derive(Clone, Default)]
pub(crate) struct Wanted(Arc<Mutex<Vec<Webhook>>>);

impl Wanted {
    pub(crate) fn set(&self, webhooks: &[Webhook]) {
        let mut wanted = locked(&self.0);
        if *wanted != webhooks {
            *wanted = webhooks.to_vec();
        }
    }

    fn get(&self) -> Vec<Webhook> {
        locked(&self.0).clone()
    }
}

/// Tells of what one controller records.
pub struct Teller {
    pub(crate) writer: Writer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) identity: String,
    pub(crate) pages: Pages,
    pub(crate) pending: Pending,
    pub(crate) wanted: Wanted,
    pub(crate) health: Health,
    pub(crate) receivers: Option<Receivers>,
    pub(crate) couriers: BTreeMap<String, Known>,
}

/// What is known of a receiver.
pub(crate) struct Known {
    webhook: Webhook,
    courier: Option<Courier>,
    /// When its keys are read again.
    again: Duration,
}

impl Teller {
    /// Goes on for ever.
    pub(crate) async fn run(mut self) {
        let clock = self.clock.clone();
        loop {
            self.round().await;
            clock.sleep(LOOK).await;
        }
    }

    /// Tells what there is to tell now, each receiver as much as it takes.
    pub async fn round(&mut self) {
        events::send(&self.pending, &self.identity, &self.writer, self.clock.now()).await;
        let wanted = self.wanted.get();
        self.couriers.retain(|_, known| wanted.contains(&known.webhook));
        let Some(receivers) = &self.receivers else { return };
        for webhook in wanted {
            let known = self.couriers.entry(webhook.name.clone());
            known.or_insert(Known { webhook, courier: None, again: Duration::ZERO });
        }
        let (writer, clock, pages) = (&self.writer, &*self.clock, &self.pages);
        join_all(self.couriers.values_mut().map(|known| async move {
            if clock.elapsed() >= known.again {
                known.again = clock.elapsed() + AGAIN;
                if let Err(why) = known.prepare(writer, &receivers.cursors).await {
                    let receiver = &known.webhook.name;
                    tracing::warn!(receiver, %why, "a receiver of webhooks is told nothing");
                }
            }
            if let Some(courier) = &mut known.courier {
                tell(courier, pages.clone(), receivers, clock).await;
            }
        }))
        .await;
        let head = self.pages.clone().head();
        let told = self.couriers.values().filter_map(|known| known.courier.as_ref());
        let told: Vec<Receiver> = told
            .map(|courier| Receiver {
                name: courier.name().to_owned(),
                waiting: head.as_ref().map_or(0, |head| courier.queue().waiting(*head)),
                attempts: courier.queue().attempts(),
                passed_over: courier.queue().passed_over(),
            })
            .collect();
        self.health.note(|report| report.receivers = told);
    }
}

impl Known {
    /// Reads the keys as they are now; what is told stays where it was.
    async fn prepare(&mut self, writer: &Writer, cursors: &FileCursors) -> Result<(), String> {
        let Webhook { name, url, signing_key } = &self.webhook;
        let (secret, key) = (&signing_key.secret, &signing_key.key);
        let place = format!("key `{key}` of the Secret {SYSTEM_NAMESPACE}/{secret}");
        let read = writer.read::<Secret>(Some(SYSTEM_NAMESPACE), secret).await;
        let read = read.map_err(|refusal| format!("{place} cannot be read: {refusal}"))?;
        let data = read.and_then(|secret| secret.data).unwrap_or_default();
        let text = data.get(key).ok_or_else(|| format!("there is no {place}"))?;
        let keys = Keys::read(&text.0).map_err(|error| format!("{place}: {error}"))?;
        match &mut self.courier {
            Some(courier) => courier.set_keys(keys),
            None => {
                let target = Target::from_str(url).map_err(|error| format!("its url {error}"))?;
                let told = cursors.load(name)?;
                self.courier = Some(Courier::new(name, target, keys, told));
            }
        }
        Ok(())
    }
}

async fn tell(courier: &mut Courier, mut pages: Pages, receivers: &Receivers, clock: &dyn Clock) {
    let mut cursors = receivers.cursors.clone();
    let mut world = Around(clock);
    for _ in 0..AT_ONCE {
        let step = courier.step(&mut pages, &mut cursors, &*receivers.transport, &mut world).await;
        let receiver = courier.name();
        match step {
            Ok(Told::Tried { then: Then::Taken, .. }) => {}
            Ok(Told::Tried { seq, outcome, then: Then::PassedOver }) => {
                tracing::error!(receiver, seq, ?outcome, "it does not read an entry: passed over");
            }
            Ok(Told::Rewritten) => {
                tracing::warn!(receiver, "the record is another one: it is told all of it");
            }
            Ok(Told::Tried { seq, outcome, then: Then::Again }) => {
                return tracing::warn!(receiver, seq, ?outcome, "it was not told; tried again");
            }
            Ok(Told::Nothing(Next::Nothing | Next::Wait { .. })) => return,
            Ok(Told::Nothing(_)) => {}
            // While another process leads there is no record here to tell of.
            Err(why) => return tracing::debug!(receiver, %why, "nothing could be told"),
        }
    }
}

/// Time and chance as they are here.
struct Around<'a>(&'a dyn Clock);

impl World for Around<'_> {
    fn now(&mut self) -> Moment {
        moment(self.0)
    }

    fn chance(&mut self) -> u64 {
        // Every state has keys of its own: good enough to spread attempts.
        RandomState::new().build_hasher().finish()
    }
}

impl std::fmt::Debug for Teller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Teller").field("identity", &self.identity).finish_non_exhaustive()
    }
}
