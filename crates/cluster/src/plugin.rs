//! Credential plugins: programs that a kubeconfig names for getting credentials
//! (`client.authentication.k8s.io` ExecCredential).
//!
//! The client library would run them, too, but three times for one client, on
//! the thread that keeps the time, and without stopping them when time is up.

use std::io::IsTerminal;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use tokio::process::Command;

use crate::error::{Error, cause, clean};

/// Runs the plugin of a user and puts what it gives in its place. Whoever has
/// other credentials needs none.
pub(crate) async fn replace(
    user: &mut AuthInfo,
    context: &str,
    timeout: Duration,
) -> Result<(), Error> {
    let has_others = user.auth_provider.is_some()
        || user.token.is_some()
        || user.token_file.is_some()
        || (user.username.is_some() && user.password.is_some());
    let Some(exec) = user.exec.take() else { return Ok(()) };
    if has_others {
        return Ok(());
    }
    let command = exec.command.clone().unwrap_or_default();
    let failed = |reason: String| Error::Plugin {
        context: context.to_owned(),
        command: clean(&command),
        reason,
    };
    let what = || format!("the credential plugin `{}` of context `{context}`", clean(&command));
    let status = tokio::time::timeout(timeout, run(&exec))
        .await
        .map_err(|_| Error::Timeout { what: what(), after: timeout })?
        .map_err(failed)?;
    match (status.token, status.client_certificate_data, status.client_key_data) {
        (None, None, None) => return Err(failed("gave no credentials".to_owned())),
        (_, Some(_), None) | (_, None, Some(_)) => {
            return Err(failed("gave only one of certificate and key".to_owned()));
        }
        (token, certificate, key) => {
            if let (Some(certificate), Some(key)) = (certificate, key) {
                user.client_certificate_data = Some(STANDARD.encode(certificate));
                user.client_key_data = Some(STANDARD.encode(key).into());
            }
            user.token = token.map(Into::into);
        }
    }
    Ok(())
}

/// `status` of an ExecCredential.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

async fn run(exec: &ExecConfig) -> Result<Status, String> {
    let Some(program) = &exec.command else {
        return Err("is not named: `command` is missing".to_owned());
    };
    // As kubectl does: it may ask the user where there is one.
    let interactive =
        exec.interactive_mode != Some(ExecInteractiveMode::Never) && std::io::stdin().is_terminal();
    if exec.interactive_mode == Some(ExecInteractiveMode::Always) && !interactive {
        return Err("needs a terminal, and standard input is none".to_owned());
    }
    let mut spec = serde_json::json!({ "interactive": interactive });
    if let (true, Some(cluster)) = (exec.provide_cluster_info, &exec.cluster) {
        spec["cluster"] = serde_json::to_value(cluster).map_err(|e| cause(&e))?;
    }
    let info = serde_json::json!({
        "apiVersion": exec.api_version,
        "kind": "ExecCredential",
        "spec": spec,
    });
    let variables =
        exec.env.iter().flatten().filter_map(|v| Some((v.get("name")?, v.get("value")?)));
    let output = Command::new(program)
        .args(exec.args.iter().flatten())
        .envs(variables)
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(if interactive { Stdio::inherit() } else { Stdio::null() })
        .stderr(if interactive { Stdio::inherit() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| {
            let hint = exec.install_hint.as_deref().map(clean).unwrap_or_default();
            let hint = if hint.is_empty() { hint } else { format!(" ({hint})") };
            format!("cannot be run: {}{hint}", cause(&e))
        })?;
    if !output.status.success() {
        let said = clean(&String::from_utf8_lossy(&output.stderr));
        let said = if said.is_empty() { said } else { format!(": {said}") };
        return Err(format!("failed with {}{said}", output.status));
    }
    // What it printed may hold a secret, so an error does not repeat it.
    serde_json::from_slice::<Credential>(&output.stdout)
        .ok()
        .and_then(|c| c.status)
        .ok_or_else(|| "printed no ExecCredential with a status".to_owned())
}
