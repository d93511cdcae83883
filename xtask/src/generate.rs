//! Files that are generated from the code and committed, so that a reader finds
//! them and a review shows how they change.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::checkout::Checkout;
use crate::process::{cargo, run};
use crate::transcripts;

/// Generated files by their path in the checkout.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Something that committed files are generated from.
struct Generator {
    /// What it writes, in a few words.
    about: &'static str,
    /// The package that it runs.
    package: &'static str,
    /// Makes the files, and touches none of those in the checkout.
    generate: fn(&Checkout) -> Result<Files>,
    /// Directories of the checkout that hold nothing but its files: what it no
    /// longer makes is deleted there.
    owns: &'static [&'static str],
}

/// Every generator, a row each.
const GENERATORS: &[Generator] = &[
    Generator {
        about: "command line reference, completions, man pages, JSON schemas",
        package: "fallgate-cli",
        generate: |checkout| program(checkout, "fallgate-cli", &[], &["__generate", "--out"]),
        owns: &["docs/cli", "docs/schemas", "completions", "man"],
    },
    Generator {
        about: "definitions, admission policies and roles for a cluster",
        package: "fallgate-api",
        generate: |checkout| program(checkout, "fallgate-api", &["--example", "deploy"], &[]),
        owns: &["deploy/admission", "deploy/crds", "deploy/rbac"],
    },
    Generator {
        about: "what the commands of README.md print",
        package: "fallgate-cli",
        generate: transcripts::generate,
        owns: &[],
    },
];

/// The command that brings the files up to date, as errors name it.
const REFRESH: &str = "cargo xtask generate";

/// A package that a generator needs and the workspace does not have.
pub(crate) fn missing(checkout: &Checkout) -> Option<&'static str> {
    GENERATORS.iter().map(|g| g.package).find(|package| !checkout.has_package(package))
}

/// Writes every generated file, and deletes those that are no longer generated.
pub(crate) fn write(checkout: &Checkout) -> Result<()> {
    for generator in GENERATORS {
        let fresh = generator.fresh(checkout)?;
        for path in generator.committed(checkout)?.keys() {
            if !fresh.contains_key(path) {
                fs::remove_file(checkout.root.join(path))?;
                println!("deleted {}", path.display());
            }
        }
        for (path, text) in &fresh {
            let file = checkout.root.join(path);
            if fs::read(&file).ok().as_ref() != Some(text) {
                fs::create_dir_all(file.parent().unwrap_or(&checkout.root))?;
                fs::write(&file, text)?;
                println!("wrote {}", path.display());
            }
        }
    }
    Ok(())
}

/// Fails, naming each file, unless what is committed is what is generated.
pub(crate) fn check(checkout: &Checkout) -> Result<()> {
    let mut stale = Vec::new();
    for generator in GENERATORS {
        let fresh = generator.fresh(checkout)?;
        let committed = generator.committed(checkout)?;
        for (path, text) in &fresh {
            let current = fs::read(checkout.root.join(path)).ok();
            if current.as_ref() != Some(text) {
                let what = if current.is_none() { "is missing" } else { "is stale" };
                stale.push(format!("{} {what}", path.display()));
            }
        }
        for path in committed.keys().filter(|path| !fresh.contains_key(*path)) {
            stale.push(format!("{} is no longer generated", path.display()));
        }
    }
    if !stale.is_empty() {
        bail!("run `{REFRESH}` and commit the result:\n  {}", stale.join("\n  "));
    }
    Ok(())
}

impl Generator {
    /// The files as they should be.
    fn fresh(&self, checkout: &Checkout) -> Result<Files> {
        eprintln!("generating: {}", self.about);
        (self.generate)(checkout)
    }

    /// What the directories that it owns hold now.
    fn committed(&self, checkout: &Checkout) -> Result<Files> {
        let mut files = Files::new();
        for directory in self.owns {
            if checkout.root.join(directory).is_dir() {
                collect(&checkout.root, Path::new(directory), &mut files)?;
            }
        }
        Ok(files)
    }
}

/// Runs a package's binary, or the target that is named, with an output
/// directory as its last argument. Into that directory it writes the files under
/// the paths they have in the checkout.
fn program(checkout: &Checkout, package: &str, target: &[&str], args: &[&str]) -> Result<Files> {
    let out = checkout.target.join("generated").join(package);
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let mut command = cargo(checkout);
    command.args(["run", "--quiet", "--package", package]).args(target).arg("--");
    run(command.args(args).arg(&out))?;
    let mut files = Files::new();
    collect(&out, Path::new(""), &mut files)?;
    if files.is_empty() {
        bail!("{package} generated nothing");
    }
    Ok(files)
}

/// Reads every file under `root/relative`, by its path from `root`.
fn collect(root: &Path, relative: &Path, files: &mut Files) -> Result<()> {
    let directory = root.join(relative);
    let entries =
        fs::read_dir(&directory).with_context(|| format!("reading {}", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = relative.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.insert(path, fs::read(entry.path())?);
        }
    }
    Ok(())
}
