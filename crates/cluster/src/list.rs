//! Lists, page by page, with what is tried when a server does not let us.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use http::StatusCode;
use serde::Deserialize;

use crate::Page;
use crate::discover::discover;
use crate::error::Error;
use crate::gap::{Gap, Place, Refusal};
use crate::resource::{Resource, encoded, namespaces, natives};
use crate::session::Session;

/// Objects in a page: kubectl's number.
const LIMIT: usize = 500;

/// The most namespaces that are asked one by one.
const MAX_NAMESPACES: usize = 256;

const JSON: &str = "application/json";

/// Lists everything that answers depend on. `namespace` is one that the user
/// named, and so one that there is.
pub(crate) async fn collect(
    session: &Session,
    namespace: Option<&str>,
) -> Result<(Vec<Page>, Vec<Gap>), Error> {
    let (found, mut gaps) = discover(session).await?;
    let (mut pages, known) = list_namespaces(session, namespace, &mut gaps).await?;
    let resources: Vec<Resource> = natives().chain(found).collect();
    let lists = resources.iter().map(|resource| list_tolerant(session, resource, &known));
    for (listed, missing) in try_join_all(lists).await? {
        pages.extend(listed);
        gaps.extend(missing);
    }
    Ok((pages, gaps))
}

/// The namespaces that can be asked one by one.
struct Known {
    /// Sorted.
    names: Vec<String>,
    /// There are no others.
    all: bool,
}

async fn list_namespaces(
    session: &Session,
    namespace: Option<&str>,
    gaps: &mut Vec<Gap>,
) -> Result<(Vec<Page>, Known), Error> {
    let resource = namespaces();
    let mut names: BTreeSet<String> = namespace.map(str::to_owned).into_iter().collect();
    match list(session, &resource, None).await? {
        Outcome::Listed(pages) => {
            for page in &pages {
                let list: List = serde_json::from_slice(&page.text)
                    .map_err(|_| session.nonsense(&resource.path(None), "no list of namespaces"))?;
                names.extend(list.items.into_iter().map(|item| item.metadata.name));
            }
            Ok((pages, Known { names: names.into_iter().collect(), all: true }))
        }
        Outcome::NotServed => Err(session.nonsense(&resource.path(None), "404 Not Found")),
        Outcome::Refused(refusal) => {
            let mut pages = Vec::new();
            if let Some(name) = namespace {
                // Whoever may see nothing else may often see their own.
                let path = format!("{}/{}", resource.path(None), encoded(name));
                let answer = session.get(&path, JSON).await?;
                if answer.status.is_success() {
                    pages.push(Page { resource: resource.name(), text: answer.text.into() });
                }
            }
            let readable: &[&str] = match namespace {
                Some(name) if !pages.is_empty() => &[name],
                _ => &[],
            };
            gaps.push(Gap::new(&resource, beyond(readable), &refusal));
            Ok((pages, Known { names: names.into_iter().collect(), all: false }))
        }
    }
}

/// Everywhere but in some namespaces, which may be none.
fn beyond<'a>(readable: &'a [&'a str]) -> Place<'a> {
    if readable.is_empty() { Place::Cluster } else { Place::Beyond(readable) }
}

/// Lists a resource in the whole cluster or else wherever it is allowed.
async fn list_tolerant(
    session: &Session,
    resource: &Resource,
    known: &Known,
) -> Result<(Vec<Page>, Vec<Gap>), Error> {
    let refusal = match list(session, resource, None).await? {
        Outcome::Listed(pages) => return Ok((pages, Vec::new())),
        Outcome::NotServed => return Ok((Vec::new(), Vec::new())),
        Outcome::Refused(refusal) => refusal,
    };
    let one_by_one =
        resource.namespaced && refusal.forbidden && known.names.len() <= MAX_NAMESPACES;
    if !one_by_one {
        return Ok((Vec::new(), vec![Gap::new(resource, Place::Cluster, &refusal)]));
    }
    let lists = known.names.iter().map(|name| list(session, resource, Some(name)));
    let mut pages = Vec::new();
    let mut readable = Vec::new();
    let mut refused = Vec::new();
    for (name, outcome) in known.names.iter().map(String::as_str).zip(try_join_all(lists).await?) {
        match outcome {
            Outcome::Listed(listed) => {
                pages.extend(listed);
                readable.push(name);
            }
            // The namespace has just gone.
            Outcome::NotServed => {}
            Outcome::Refused(refusal) => refused.push((name, refusal)),
        }
    }
    let gaps = if known.all && refused.len() <= readable.len() {
        refused
            .iter()
            .map(|(name, refusal)| Gap::new(resource, Place::Namespace(name), refusal))
            .collect()
    } else {
        vec![Gap::new(resource, beyond(&readable), &refusal)]
    };
    Ok((pages, gaps))
}

/// How a list went.
enum Outcome {
    Listed(Vec<Page>),
    /// The server does not have it.
    NotServed,
    Refused(Refusal),
}

/// What is read of a list here; the rest is the reader's.
#[derive(Deserialize)]
struct List {
    #[serde(default)]
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    metadata: ItemMeta,
}

#[derive(Deserialize)]
struct ItemMeta {
    name: String,
}

#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    metadata: ListMeta,
}

#[derive(Default, Deserialize)]
struct ListMeta {
    #[serde(default, rename = "continue")]
    next: Option<String>,
}

/// All pages of one list. They show one moment, that of the first page; when
/// the server no longer knows it, the list starts over as a single page, which
/// cannot grow too old.
async fn list(
    session: &Session,
    resource: &Resource,
    namespace: Option<&str>,
) -> Result<Outcome, Error> {
    let path = resource.path(namespace);
    let mut pages = Vec::new();
    let mut query = format!("?limit={LIMIT}");
    let mut last = String::new();
    loop {
        let answer = session.get(&format!("{path}{query}"), JSON).await?;
        match answer.status {
            status if status.is_success() => {}
            StatusCode::GONE if !query.is_empty() => {
                pages.clear();
                query.clear();
                continue;
            }
            StatusCode::NOT_FOUND => return Ok(Outcome::NotServed),
            status => {
                let forbidden = status == StatusCode::FORBIDDEN;
                return Ok(Outcome::Refused(Refusal { forbidden, reason: answer.reason() }));
            }
        }
        let head: Head = serde_json::from_slice(&answer.text)
            .map_err(|_| session.nonsense(&path, "something that is no list"))?;
        pages.push(Page { resource: resource.name(), text: answer.text.into() });
        match head.metadata.next.filter(|next| !next.is_empty()) {
            Some(next) if next == last => {
                return Err(session.nonsense(&path, "the same page again and again"));
            }
            Some(next) => {
                query = format!("?limit={LIMIT}&continue={}", encoded(&next));
                last = next;
            }
            None => return Ok(Outcome::Listed(pages)),
        }
    }
}
