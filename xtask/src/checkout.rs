//! Where things are: the checkout, its build directory, and what cargo knows.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process::{cargo, read};

/// The working copy that a task works on.
pub(crate) struct Checkout {
    /// The directory with the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's build directory.
    pub(crate) target: PathBuf,
    /// Tools that the tiers install, shared between checkouts: a directory each,
    /// named after tool and version.
    pub(crate) tools: PathBuf,
    /// The answer of `cargo metadata --no-deps`.
    metadata: Value,
}

/// A build target of one of our packages.
pub(crate) struct Target {
    /// Its package's name.
    pub(crate) package: String,
    /// Its own name.
    pub(crate) name: String,
}

impl Checkout {
    /// The checkout that cargo started this task from.
    pub(crate) fn find() -> Result<Checkout> {
        // Asked at run time and not when built: a build directory may be shared
        // between checkouts.
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
            .context("start this task as `cargo xtask`: cargo tells it where the checkout is")?;
        let root = PathBuf::from(manifest)
            .parent()
            .context("the manifest of xtask has no directory above it")?
            .to_owned();
        let mut checkout =
            Checkout { root, target: PathBuf::new(), tools: PathBuf::new(), metadata: Value::Null };
        let text = read(cargo(&checkout).args(["metadata", "--no-deps", "--format-version=1"]))?;
        checkout.metadata = serde_json::from_str(&text).context("reading `cargo metadata`")?;
        checkout.target = checkout
            .metadata
            .get("target_directory")
            .and_then(Value::as_str)
            .context("`cargo metadata` names no target directory")?
            .into();
        checkout.tools = cache()?.join("tools");
        Ok(checkout)
    }

    /// Whether the workspace has a package of this name.
    pub(crate) fn has_package(&self, name: &str) -> bool {
        self.packages().any(|package| package.get("name").and_then(Value::as_str) == Some(name))
    }

    /// Every target of a kind (`test`, `bench`), in the order of packages.
    pub(crate) fn targets(&self, kind: &str) -> Vec<Target> {
        let mut found = Vec::new();
        for package in self.packages() {
            for target in package.get("targets").and_then(Value::as_array).into_iter().flatten() {
                let kinds = target.get("kind").and_then(Value::as_array);
                if kinds.is_some_and(|kinds| kinds.iter().any(|k| k.as_str() == Some(kind))) {
                    let name = |v: &Value| {
                        v.get("name").and_then(Value::as_str).unwrap_or_default().to_owned()
                    };
                    found.push(Target { package: name(package), name: name(target) });
                }
            }
        }
        found
    }

    fn packages(&self) -> impl Iterator<Item = &Value> {
        self.metadata.get("packages").and_then(Value::as_array).into_iter().flatten()
    }
}

/// `FALLGATE_CACHE`, or a directory in the user's cache; `.ci/run` says the
/// same in shell.
fn cache() -> Result<PathBuf> {
    if let Some(cache) = std::env::var_os("FALLGATE_CACHE") {
        return Ok(cache.into());
    }
    let home = std::env::home_dir().context("no home directory; set FALLGATE_CACHE")?;
    Ok(home.join(".cache/fallgate"))
}
