//! Rotas and tickets: their texts are read here, and understood in `evidence`.

use std::collections::BTreeMap;
use std::io::Read;

use fallgate_access::{OnCall, Ticket};
use fallgate_api::names::SYSTEM_NAMESPACE;
use fallgate_api::{AccessConfigSpec, AccessRequest, FileOrConfigMap, RotaFormat};
use fallgate_cluster::Writer;
use fallgate_evidence::{
    Format, Place, Rota, Scope, TextRota, TextTickets, TicketAnswer, Tickets, Unavailable,
};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::ConfigMap;

use crate::Clock;

/// The longest file that is read; what is longer is refused by its reader.
const LONGEST: u64 = (4 << 20) + 1;

/// What the sources said when they were last asked. What could not be asked, or
/// was not understood, is not there.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    on_call: BTreeMap<String, OnCall>,
    tickets: Option<TextTickets>,
    staleness: SignedDuration,
    /// Why something is not there.
    pub(crate) problems: Vec<String>,
}

impl Sources {
    /// Asks every source that a configuration names.
    pub(crate) async fn read(
        config: &AccessConfigSpec,
        writer: &Writer,
        clock: &dyn Clock,
    ) -> Sources {
        let mut sources = Sources::default();
        for rota in &config.rotas {
            let format = match rota.format {
                RotaFormat::ICalendar => Format::ICalendar,
                RotaFormat::Shifts => Format::Shifts,
            };
            let limit = SignedDuration::from_secs(rota.max_staleness_seconds);
            let text = text(&rota.source, writer, clock).await;
            let answer = text.and_then(|(name, text, at)| {
                TextRota::read(&name, format, &text, at)?.on_call(clock.now(), limit)
            });
            match answer {
                Ok(evidence) => {
                    let shifts = evidence.answer.shifts.into_iter();
                    let answer = OnCall {
                        rota: rota.name.clone(),
                        users: shifts.map(|shift| shift.user).collect(),
                        as_of: evidence.as_of,
                        digest: evidence.digest.to_string(),
                    };
                    sources.on_call.insert(rota.name.clone(), answer);
                }
                Err(error) => sources.problems.push(format!("rota `{}`: {error}", rota.name)),
            }
        }
        if let Some(source) = &config.tickets {
            sources.staleness = SignedDuration::from_secs(source.max_staleness_seconds);
            let text = text(&source.source, writer, clock).await;
            match text.and_then(|(name, text, at)| Ok(TextTickets::read(&name, &text, at)?)) {
                Ok(tickets) => sources.tickets = Some(tickets),
                Err(error) => sources.problems.push(format!("tickets: {error}")),
            }
        }
        sources
    }

    /// Who is on call by a rota.
    pub(crate) fn on_call(&self, rota: &str) -> Option<&OnCall> {
        self.on_call.get(rota)
    }

    /// What is said of a request's ticket.
    pub(crate) fn ticket(&self, request: &AccessRequest, now: Timestamp) -> Option<Ticket> {
        let id = request.spec.ticket.as_deref()?;
        let namespace = request.metadata.namespace.as_deref()?;
        let service = request.spec.to.service.as_ref().map(|service| service.name.as_str());
        let scope = Scope { namespace, service };
        let evidence = self.tickets.as_ref()?.ticket(id, &scope, now, self.staleness).ok()?;
        Some(Ticket {
            id: id.to_owned(),
            open: matches!(evidence.answer, TicketAnswer::Open(_)),
            as_of: evidence.as_of,
            digest: evidence.digest.to_string(),
        })
    }
}

/// The text of a source, what it is called, and when it was read.
async fn text(
    source: &FileOrConfigMap,
    writer: &Writer,
    clock: &dyn Clock,
) -> Result<(String, Vec<u8>, Timestamp), Unavailable> {
    let FileOrConfigMap { file, config_map, key } = source;
    let place = Place::of(file.as_deref(), config_map.as_deref(), key.as_deref())?;
    let at = clock.now();
    let text = match &place {
        Place::File(path) => {
            // On another thread: a file may be on a disk that is not there.
            let path = path.clone();
            let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
            let read = read.map_err(|error| place.unreachable(error))?;
            read.map_err(|error| place.unreachable(error))?
        }
        Place::ConfigMap { name, .. } => {
            let map = writer.read::<ConfigMap>(Some(SYSTEM_NAMESPACE), name).await;
            let map = map.map_err(|refusal| place.unreachable(refusal))?;
            let map = map.ok_or_else(|| place.unreachable("there is no such ConfigMap"))?;
            place.text_in(map.data.as_ref())?.to_vec()
        }
    };
    Ok((place.to_string(), text, at))
}

fn read_file(path: &str) -> std::io::Result<Vec<u8>> {
    // Opening a pipe waits for somebody at its other end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a file"));
    }
    let mut text = Vec::new();
    std::fs::File::open(path)?.take(LONGEST).read_to_end(&mut text)?;
    Ok(text)
}
