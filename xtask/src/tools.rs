//! Tools that tiers need and a Rust installation lacks, each at one version.

use std::path::PathBuf;

use anyhow::Result;

use crate::checkout::Checkout;
use crate::process::{cargo, run};

/// A program that `cargo install` builds.
pub(crate) struct Tool {
    name: &'static str,
    version: &'static str,
}

/// Licences, banned crates, sources and advisories.
pub(crate) const CARGO_DENY: Tool = Tool { name: "cargo-deny", version: "0.20.2" };

impl Tool {
    /// The path of the program, which is built first where it is missing.
    pub(crate) fn install(&self, checkout: &Checkout) -> Result<PathBuf> {
        let root = checkout.tools.join(format!("{}-{}", self.name, self.version));
        let program = root.join("bin").join(self.name);
        if !program.exists() {
            eprintln!("{} {} is not there yet and is built once", self.name, self.version);
            let mut install = cargo(checkout);
            install.args(["install", "--locked", self.name, "--version", self.version]);
            install.arg("--quiet").arg("--root").arg(&root);
            // Cargo's own scratch directory: a tool has its own dependencies,
            // which nothing else could use.
            install.env_remove("CARGO_TARGET_DIR");
            // It runs for a second; building it fast matters more.
            install.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1");
            install.env("CARGO_PROFILE_RELEASE_LTO", "off");
            install.env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
            run(&mut install)?;
        }
        Ok(program)
    }
}
