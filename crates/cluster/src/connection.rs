use std::future::Future;

use tokio::runtime::Runtime;

use crate::connect::{self, Connected};
use crate::error::Error;
use crate::session::{Session, Target};
use crate::write::Writer;
use crate::{LiveInput, LiveOptions, list, runtime};

/// A connection that is kept, for a program that asks one thing after another
/// and does nothing meanwhile.
///
/// Dropping it waits for what is still under way, such as a name that does not
/// resolve; a program that ends anyway leaves it alone.
pub struct Connection {
    runtime: Runtime,
    session: Session,
    writer: Writer,
    namespace: String,
}

impl Connection {
    /// Reads the kubeconfig and gets credentials. What is written belongs to
    /// `manager`. Nothing has been sent to the server yet.
    ///
    /// # Errors
    ///
    /// A bad kubeconfig, or credentials that cannot be had.
    ///
    /// # Panics
    ///
    /// When called from within an asynchronous runtime: it starts its own.
    pub fn open(options: &LiveOptions, manager: &'static str) -> Result<Connection, Error> {
        let runtime = runtime()?;
        match runtime.block_on(connect::client(options)) {
            Ok(Connected { client, target, namespace }) => {
                let writer = Writer::new(client.clone(), manager, options.timeout);
                let session = Session::new(client, target, options.timeout);
                Ok(Connection { runtime, session, writer, namespace })
            }
            Err(error) => {
                // A file that hangs must not hold up the end of the program, too.
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// The context's name.
    pub fn context(&self) -> &str {
        &self.session.target.context
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.session.target.server
    }

    /// The namespace that the context means when nobody names one.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// What sends requests.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// What it asks with, for whoever does more than this crate does. It does not
    /// retry by itself.
    pub fn client(&self) -> kube::Client {
        self.session.client()
    }

    /// Waits for an answer.
    ///
    /// # Panics
    ///
    /// When called from within an asynchronous runtime.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Lists everything that answers depend on, as [`read`](crate::read) does.
    ///
    /// # Errors
    ///
    /// As [`read`](crate::read).
    ///
    /// # Panics
    ///
    /// When called from within an asynchronous runtime.
    pub fn list(&self, namespace: Option<&str>) -> Result<LiveInput, Error> {
        let (pages, gaps) = self.wait(list::collect(&self.session, namespace))?;
        let Target { context, server } = self.session.target.clone();
        Ok(LiveInput { context, server, pages, gaps })
    }
}
