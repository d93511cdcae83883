use std::io;

/// Why a command could not run: what was wrong, where, and what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// One or several problems, each worth a message.
    Problems(Vec<Problem>),
    /// Nobody reads the output any more; not an error.
    BrokenPipe,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// A file, `file:line:column`, or an argument; empty when the message says it.
    pub(crate) place: String,
    /// What was wrong: lower case, without a period, literals in backticks.
    pub(crate) message: String,
    /// What to do about it; empty where the message says it all.
    pub(crate) help: String,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Problem {
        Problem { place: String::new(), message: message.into(), help: String::new() }
    }

    pub(crate) fn at(mut self, place: impl Into<String>) -> Problem {
        self.place = place.into();
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Problem {
        self.help = help.into();
        self
    }
}

impl std::fmt::Display for Failure {
    /// What was wrong, in a line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Failure::Problems(problems) => {
                let messages: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
                f.write_str(&messages.join("; "))
            }
            Failure::BrokenPipe => f.write_str("nobody reads the output any more"),
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure::Problems(vec![problem])
    }
}

impl From<Vec<Problem>> for Failure {
    fn from(problems: Vec<Problem>) -> Failure {
        Failure::Problems(problems)
    }
}

impl From<io::Error> for Failure {
    /// An error while writing output; what is read says itself what went wrong.
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::BrokenPipe
        } else {
            Problem::new(format!("cannot write the output: {error}")).into()
        }
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Failure {
        io::Error::from(error).into()
    }
}
