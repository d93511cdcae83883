use std::future::Future;
use std::mem::ManuallyDrop;

use fallgate_api::names::CLI_FIELD_MANAGER;
use fallgate_api::{GROUP, Identity, PolicyRef};
use fallgate_cluster::{Connection, Kind, Refusal, Writer};
use k8s_openapi::api::authorization::v1::ResourceAttributes;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::args::Live;
use crate::endpoint::{nearest, suggestion};
use crate::failure::{Failure, Problem};
use crate::input::{self, Text};
use crate::stop::Stop;

/// The cluster that a command talks to, as its user.
pub(crate) struct Cluster {
    /// The program ends when the command does, and then nothing that is still
    /// under way must hold it up.
    connection: ManuallyDrop<Connection>,
    /// The namespace that is meant: the one that was named, or the context's.
    pub(crate) namespace: String,
    named: Option<String>,
}

impl Cluster {
    /// Gets ready; nothing has been asked yet.
    pub(crate) fn open(live: &Live) -> Result<Cluster, Failure> {
        let connection = Connection::open(&input::live_options(live), CLI_FIELD_MANAGER)
            .map_err(input::unreachable)?;
        let named = live.namespace.clone();
        let namespace = named.clone().unwrap_or_else(|| connection.namespace().to_owned());
        Ok(Cluster { connection: ManuallyDrop::new(connection), namespace, named })
    }

    pub(crate) fn writer(&self) -> &Writer {
        self.connection.writer()
    }

    /// The client itself, for what drives it on its own.
    pub(crate) fn client(&self) -> kube::Client {
        self.connection.client()
    }

    /// Waits for something that is no question.
    pub(crate) fn run<T>(&self, work: impl Future<Output = T>) -> T {
        self.connection.wait(work)
    }

    /// Listens to signals from now on.
    pub(crate) fn stop(&self) -> Result<Stop, Problem> {
        self.connection.wait(async { Stop::listen() })
    }

    /// Asks something, and says what was being done where it was not.
    pub(crate) fn ask<T>(
        &self,
        doing: impl FnOnce() -> String,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Failure> {
        self.connection.wait(work).map_err(|refusal| refused(doing(), &refusal).into())
    }

    /// The same for whoever tells refusals apart.
    pub(crate) fn try_ask<T>(
        &self,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        self.connection.wait(work)
    }

    /// Who the API server says that the user is: what objects must name.
    pub(crate) fn me(&self) -> Result<Identity, Failure> {
        let user = self.ask(|| "asking who you are".to_owned(), self.writer().identity())?;
        Ok(Identity {
            username: user.username.unwrap_or_default(),
            uid: user.uid.unwrap_or_default(),
            groups: user.groups.unwrap_or_default(),
        })
    }

    /// Whether the user holds a logical verb on a policy, in a namespace.
    pub(crate) fn may(
        &self,
        verb: &str,
        policy: &PolicyRef,
        namespace: &str,
    ) -> Result<bool, Failure> {
        let what = ResourceAttributes {
            group: Some(GROUP.to_owned()),
            resource: Some(policy.kind.resource().to_owned()),
            name: Some(policy.name.clone()),
            namespace: Some(namespace.to_owned()),
            verb: Some(verb.to_owned()),
            ..ResourceAttributes::default()
        };
        self.ask(|| "asking what you may".to_owned(), self.writer().may_we(what))
    }

    /// One object of the namespace that is meant, where it is there.
    pub(crate) fn find<K: Kind>(&self, name: &str) -> Result<Option<K>, Failure> {
        let namespace = &self.namespace;
        let doing = || format!("reading {} `{namespace}/{name}`", K::kind(&()));
        self.ask(doing, self.writer().read::<K>(Some(namespace), name))
    }

    /// The same; that it is not there is a failure.
    pub(crate) fn get<K: Kind>(&self, name: &str) -> Result<K, Failure> {
        let namespace = &self.namespace;
        let called = || format!("{} `{namespace}/{name}`", K::kind(&()));
        if let Some(found) = self.find(name)? {
            return Ok(found);
        }
        let problem = Problem::new(format!("there is no {}", called()));
        // The list is only for the help: that it may not be read changes nothing.
        let listed = self.try_ask(self.writer().list_in::<K>(Some(namespace), None));
        let names: Vec<String> =
            listed.unwrap_or_default().into_iter().filter_map(|o| o.meta().name.clone()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let help = match &*nearest(name, names.iter().copied()) {
            [] => format!("name its namespace with -n; without it, it is `{namespace}`"),
            near => suggestion(near, &names),
        };
        Err(problem.help(help).into())
    }

    /// The objects of a kind: in every namespace, or in the one that is meant.
    pub(crate) fn list<K: Kind>(&self, everywhere: bool) -> Result<Vec<K>, Failure> {
        let namespace = (!everywhere).then_some(self.namespace.as_str());
        let place = match namespace {
            Some(namespace) => format!("in namespace `{namespace}`"),
            None => "in every namespace".to_owned(),
        };
        let doing = || format!("listing {} {place}", K::plural(&()));
        let mut found = self.ask(doing, self.writer().list_in::<K>(namespace, None))?;
        found.sort_by_key(|object| {
            let meta = object.meta();
            (meta.namespace.clone(), meta.creation_timestamp.clone(), meta.name.clone())
        });
        Ok(found)
    }

    /// Creates an object.
    pub(crate) fn create<K: Kind>(&self, object: &K) -> Result<K, Failure> {
        let place = match &object.meta().namespace {
            Some(namespace) => format!(" in namespace `{namespace}`"),
            None => String::new(),
        };
        let doing = || format!("creating the {}{place}", K::kind(&()));
        self.ask(doing, self.writer().create(object))
    }

    /// Deletes this very object.
    pub(crate) fn delete<K: Kind>(&self, metadata: &ObjectMeta) -> Result<(), Failure> {
        let (name, uid) = (metadata.name.as_deref(), metadata.uid.as_deref());
        let (name, uid) = (name.unwrap_or_default(), uid.unwrap_or_default());
        let doing = || format!("deleting {} `{name}`", K::kind(&()));
        self.ask(doing, self.writer().delete::<K>(metadata.namespace.as_deref(), name, uid))
    }

    /// Everything that answers depend on.
    pub(crate) fn texts(&self) -> Result<Vec<Text>, Failure> {
        let listed = self.connection.list(self.named.as_deref());
        Ok(input::of_live(listed.map_err(input::unreachable)?))
    }
}

/// Why something was not done, and what to do about it.
pub(crate) fn refused(doing: String, refusal: &Refusal) -> Problem {
    let (message, help) = match refusal {
        Refusal::Admission { policy, message } => (
            format!("the API server refuses it: {message}"),
            format!("`kubectl describe validatingadmissionpolicy {policy}` shows the whole rule"),
        ),
        Refusal::NotFound => (
            "the API server does not know this kind, or not this namespace".to_owned(),
            "check the namespace, and that Fallgate is installed: `kubectl api-resources --categories access`"
                .to_owned(),
        ),
        Refusal::Forbidden(_) => (
            refusal.to_string(),
            "ask for one of the roles `kubectl get clusterroles` shows as fallgate-…".to_owned(),
        ),
        Refusal::Unauthorized(_) => (
            refusal.to_string(),
            "log in to the cluster again, or choose another context with --context".to_owned(),
        ),
        Refusal::Uncertain(_) => (
            refusal.to_string(),
            "look at `fallgate requests` and `fallgate grants` before you try again".to_owned(),
        ),
        Refusal::Busy { .. } | Refusal::Expired => {
            (refusal.to_string(), "try again in a moment".to_owned())
        }
        Refusal::Conflict(_) | Refusal::Exists(_) => {
            (refusal.to_string(), "look at it again, and decide anew".to_owned())
        }
        Refusal::Invalid(_) => (refusal.to_string(), String::new()),
    };
    Problem::new(format!("{doing}: {message}")).help(help)
}

/// Where an object will be, with a name that the API server completes.
pub(crate) fn generated(prefix: &str, namespace: Option<String>) -> ObjectMeta {
    let generate_name = Some(format!("{prefix}-"));
    ObjectMeta { generate_name, namespace, ..ObjectMeta::default() }
}
