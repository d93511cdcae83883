//! `fallgate ledger` as a user meets it, on a record as the controller writes it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use fallgate_ledger::{Actor, Event, Kind, Ledger, ObjectRef};
use serde_json::{Value, json};
use snapbox::{assert_data_eq, str};

use super::told;

/// Where the tests of this file run: each has a directory of its own.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("fallgate-cli-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Place(path)
    }

    fn with(name: &str, record: &[u8]) -> Place {
        let place = Place::new(name);
        std::fs::write(place.0.join("record.jsonl"), record).unwrap();
        place
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_fallgate"));
        command
            .arg("ledger")
            .args(args)
            .current_dir(&self.0)
            .env_remove("CLICOLOR_FORCE")
            .env_remove("XDG_STATE_HOME")
            .env("HOME", "/nonexistent")
            .stdin(Stdio::null());
        command
    }

    /// Its exit code, standard output and standard error.
    fn run(&self, args: &[&str]) -> (i32, String, String) {
        told(&self.command(args).output().unwrap())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const CONTROLLER: &str = "system:serviceaccount:fallgate-system:fallgate-controller";

/// What one grant leaves behind, and a lock.
fn record() -> Vec<u8> {
    let object = |kind: &str, name: &str, uid: &str| ObjectRef {
        kind: kind.to_owned(),
        namespace: Some("shop".to_owned()),
        name: name.to_owned(),
        uid: uid.to_owned(),
    };
    let request = object("AccessRequest", "oncall-db-x7k2p", "5b0c");
    let grant = object("AccessGrant", "oncall-db-x7k2p", "77aa");
    let lock = ObjectRef { namespace: None, ..object("ClusterAccessLock", "mallory", "c0de") };
    let story = [
        (
            0,
            Kind::Request,
            "Created",
            "alice",
            Some("INC-7"),
            vec![request.clone()],
            json!({"reason": "slow queries since 02:40", "durationSeconds": 1800}),
        ),
        (
            31,
            Kind::Decision,
            "Approved",
            "bob",
            Some("INC-7"),
            vec![request.clone(), object("AccessDecision", "oncall-db-x7k2p-l5", "0d1e")],
            json!({"planHash": "sha256:00"}),
        ),
        (
            32,
            Kind::Opening,
            "Opening",
            CONTROLLER,
            Some("INC-7"),
            vec![grant.clone(), object("Job", "fallgate-77aa", "10b0")],
            json!({}),
        ),
        (900, Kind::Lock, "Created", "sam\u{1b}[2J", None, vec![lock], json!({})),
        (
            1833,
            Kind::End,
            "Ended",
            CONTROLLER,
            Some("INC-7"),
            vec![grant, request],
            json!({"reason": "Expired", "closedBy": "Switch"}),
        ),
    ];
    let mut ledger = Ledger::open(Vec::new()).unwrap().0;
    for (second, kind, step, username, ticket, objects, details) in story {
        let start: jiff::Timestamp = "2026-11-21T02:47:00.25Z".parse().unwrap();
        let event = Event {
            time: start + jiff::SignedDuration::from_secs(second),
            cluster: "5e55".to_owned(),
            kind,
            subject: objects[0].uid.clone(),
            step: step.to_owned(),
            actor: Actor { username: username.to_owned(), uid: None },
            ticket: ticket.map(str::to_owned),
            objects,
            details: details.as_object().unwrap().clone(),
        };
        ledger.append(&event).unwrap();
    }
    ledger.into_storage()
}

#[test]
fn a_record_is_shown_as_a_table() {
    let place = Place::with("table", &record());
    let (code, out, err) = place.run(&["show", "record.jsonl"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert_data_eq!(
        out,
        str![[r#"
SEQ   TIME                   KIND       STEP       ACTOR                                                       TICKET   OBJECT
1     2026-11-21T02:47:00Z   request    Created    alice                                                       INC-7    AccessRequest shop/oncall-db-x7k2p
2     2026-11-21T02:47:31Z   decision   Approved   bob                                                         INC-7    AccessRequest shop/oncall-db-x7k2p
3     2026-11-21T02:47:32Z   opening    Opening    system:serviceaccount:fallgate-system:fallgate-controller   INC-7    AccessGrant shop/oncall-db-x7k2p
4     2026-11-21T03:02:00Z   lock       Created    sam�[2J                                                     -        ClusterAccessLock mallory
5     2026-11-21T03:17:33Z   end        Ended      system:serviceaccount:fallgate-system:fallgate-controller   INC-7    AccessGrant shop/oncall-db-x7k2p

"#]]
    );
}

#[test]
fn entries_are_chosen_by_what_they_are_about() {
    let place = Place::with("chosen", &record());
    let chosen = |args: &[&str]| -> Vec<u64> {
        let (code, out, err) = place.run(&[&["show", "record.jsonl", "-o", "json"], args].concat());
        assert_eq!((code, err.as_str()), (0, ""), "{args:?}");
        let document: Value = serde_json::from_str(&out).unwrap();
        let entries = document["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect()
    };
    assert_eq!(chosen(&[]), [1, 2, 3, 4, 5]);
    assert_eq!(chosen(&["--ticket", "INC-7"]), [1, 2, 3, 5]);
    assert_eq!(chosen(&["--grant", "shop/oncall-db-x7k2p"]), [1, 2, 3, 5]);
    assert_eq!(chosen(&["--grant", "77aa"]), [3, 5]);
    assert_eq!(chosen(&["--actor", "bob"]), [2]);
    let since = "2026-11-21T02:47:32Z";
    assert_eq!(chosen(&["--since", since, "--until", "2026-11-21T03:17:00Z"]), [3, 4]);
    assert_eq!(chosen(&["--since", "100000d", "--ticket", "INC-8"]), [0_u64; 0]);
    let (code, out, err) = place.run(&["show", "record.jsonl", "--ticket", "INC-8"]);
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(err, "record.jsonl: none of the 5 entries is asked for\n");
}

#[test]
fn an_entry_is_shown_whole() {
    let place = Place::with("whole", &record());
    let (_, out, _) = place.run(&["show", "record.jsonl", "-o", "json", "--actor", "bob"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["schema"], "fallgate/ledger-show/v1");
    assert_eq!(document["head"]["seq"], 5);
    let entry = &document["entries"][0];
    assert_eq!(entry["time"], "2026-11-21T02:47:31.25Z");
    assert_eq!(entry["subject"], "5b0c");
    assert_eq!(entry["details"]["planHash"], "sha256:00");
    assert_eq!(entry["objects"][1]["name"], "oncall-db-x7k2p-l5");
    assert!(entry["prev"].as_str().unwrap().starts_with("sha256:"), "{out}");
}

#[test]
fn a_whole_record_verifies() {
    let record = record();
    let place = Place::with("verifies", &record);
    let (code, out, err) = place.run(&["verify", "record.jsonl"]);
    assert_eq!((code, err.as_str()), (0, ""));
    let head = fallgate_ledger::Ledger::open(record).unwrap().0.head().hash.to_string();
    assert_data_eq!(
        out,
        format!(
            "whole: record.jsonl: 5 entries, 2026-11-21T02:47:00.25Z to 2026-11-21T03:17:33.25Z\n  head {head}\n"
        )
    );
    let (code, out, _) = place.run(&["verify", "record.jsonl", "-o", "json", "--head", &head]);
    assert_eq!(code, 0);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["schema"], "fallgate/ledger-verify/v1");
    assert_eq!((&document["verdict"], &document["head"]["hash"]), (&"whole".into(), &head.into()));
}

#[test]
fn an_altered_record_is_told_by_line_and_member() {
    let text = String::from_utf8(record()).unwrap();
    let place = Place::with("altered", text.replace("Approved", "Denied").as_bytes());
    let (code, out, err) = place.run(&["verify", "record.jsonl"]);
    assert_eq!(code, 1);
    assert_data_eq!(
        out,
        str![[r#"
altered: record.jsonl: 1 entry, 2026-11-21T02:47:00.25Z are as they were written
  head sha256:[..]

"#]]
    );
    assert_data_eq!(
        err,
        str![[r#"
error[record-altered]: `hash` is sha256:[..], but that of the entry is sha256:[..]
  --> record.jsonl:2:1 (hash)
  help: the lines before it are as they were written; compare with a copy, and find out who can write to the file

"#]]
    );
    let (code, out, err) = place.run(&["show", "record.jsonl"]);
    assert_eq!((code, out.lines().count()), (3, 2), "{out}");
    assert!(err.contains("record.jsonl:2:1"), "{err}");
}

#[test]
fn entries_that_were_cut_off_show_by_a_head_that_was_kept() {
    let record = record();
    let head = fallgate_ledger::Ledger::open(record.clone()).unwrap().0.head().hash.to_string();
    let cut = record.iter().rposition(|byte| *byte == b'{').unwrap();
    let end = record[..cut].iter().rposition(|byte| *byte == b'\n').unwrap();
    let place = Place::with("cut", &record[..=end]);
    assert_eq!(place.run(&["verify", "record.jsonl"]).0, 0);
    let (code, out, err) = place.run(&["verify", "record.jsonl", "--head", &head]);
    assert_eq!(code, 1);
    assert!(out.starts_with("altered: record.jsonl: 4 entries"), "{out}");
    assert!(err.contains(&format!("no entry has the hash {head}")), "{err}");
}

#[test]
fn a_last_line_that_is_not_finished_is_neither_whole_nor_altered() {
    let mut bytes = record();
    bytes.extend(br#"{"event":"#);
    let place = Place::with("unfinished", &bytes);
    for command in ["verify", "show"] {
        let (code, _, err) = place.run(&[command, "record.jsonl"]);
        assert_eq!(code, 3, "{command}");
        assert!(err.contains("warning[record-unfinished]: the last 9 bytes"), "{err}");
        let (code, out, err) = place.run(&[command, "record.jsonl", "-o", "json"]);
        assert_eq!((code, err.as_str()), (3, ""), "{command}");
        let document: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(document["head"]["seq"], 5);
        assert_eq!(document["diagnostics"][0]["line"], 6);
    }
}

#[test]
fn the_record_is_found_where_it_is_by_default() {
    let place = Place::new("default");
    let (code, out, err) = place.run(&["verify"]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_data_eq!(
        err,
        str![[r#"
error: /nonexistent/.local/state/fallgate/record.jsonl: cannot be read: no such file or directory
help: name the record: what `fallgate controller --record FILE` writes, $XDG_STATE_HOME/fallgate/record.jsonl by default

"#]]
    );
    std::fs::create_dir(place.0.join("fallgate")).unwrap();
    std::fs::write(place.0.join("fallgate/record.jsonl"), record()).unwrap();
    let mut command = place.command(&["verify"]);
    assert_eq!(command.env("XDG_STATE_HOME", &place.0).output().unwrap().status.code(), Some(0));
    let mut relative = place.command(&["verify"]);
    assert_eq!(relative.env("XDG_STATE_HOME", ".").output().unwrap().status.code(), Some(2));
    let mut nowhere = place.command(&["verify"]);
    let (code, _, err) = told(&nowhere.env_remove("HOME").output().unwrap());
    assert_eq!(code, 2);
    assert!(
        err.contains("neither XDG_STATE_HOME nor HOME") && err.contains("name its file"),
        "{err}"
    );
}

#[test]
fn a_record_is_read_from_standard_input() {
    let place = Place::with("stdin", &record());
    let file = std::fs::File::open(place.0.join("record.jsonl")).unwrap();
    let output = place.command(&["verify", "-"]).stdin(file).output().unwrap();
    let (code, out, _) = told(&output);
    assert_eq!(code, 0);
    assert!(out.starts_with("whole: stdin: 5 entries"), "{out}");
}

#[test]
fn what_is_no_record_or_no_time_is_refused() {
    let place = Place::with("wrong", b"{}\n");
    for (args, code, said) in [
        (&["verify", "nowhere"][..], 2, "nowhere: cannot be read: no such file"),
        (&["verify", "."], 2, "it is a directory"),
        (&["verify", "record.jsonl"], 1, "`schema` is null"),
        (&["verify", "record.jsonl", "--head", "abc"], 2, "must be `sha256:` and 64 digits"),
        (&["show", "record.jsonl", "--since", "yesterday"], 2, "must be a duration, such as 90s"),
        (&["show", "record.jsonl", "--since", "2026-11-21T10:00:00"], 2, "a time with its offset"),
        (&["show", "-f", "record.jsonl"], 2, "unexpected argument"),
        (&[], 2, "Usage:"),
    ] {
        let (found, out, err) = place.run(args);
        assert_eq!(found, code, "{args:?}: {err}");
        assert!(err.contains(said), "{args:?}: {err}{out}");
    }
}

#[test]
#[cfg(unix)]
fn what_never_ends_is_no_record() {
    let place = Place::new("endless");
    let (code, _, err) = place.run(&["verify", "/dev/zero"]);
    assert_eq!(code, 1);
    assert!(err.contains("the line is longer than 65535 bytes"), "{err}");
}
