//! What a controller says of itself, to the byte.
#![cfg(test)]

use std::time::Duration;

use fallgate_controller::health::{
    Canary, Lateness, LeaseState, Receiver, Report, STALE, STUCK, answer, serve,
};
use futures::FutureExt;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use tokio::net::{TcpListener, TcpStream};

/// One that can open.
fn well() -> Report {
    Report {
        since_turn: Duration::from_millis(250),
        since_list: Some(Duration::from_secs(5)),
        lease: LeaseState::Held,
        record_writable: true,
        switch_canary: Canary::Alive,
        admission_canary: Canary::Alive,
        ..Report::default()
    }
}

/// The status and the text of an answer.
fn get(report: &Report, path: &str) -> (u16, String) {
    ask(report, Method::GET, path)
}

fn ask(report: &Report, method: Method, path: &str) -> (u16, String) {
    let request = Request::builder().method(method).uri(path).body(()).unwrap();
    let response = answer(report, &request);
    let status = response.status().as_u16();
    let body: Full<_> = response.into_body();
    let body = body.collect().now_or_never().unwrap().unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn one_that_can_open_is_ready() {
    let text = "[+]list ok\n[+]lease ok\n[+]record ok\n[+]switch-canary ok\n[+]admission-canary ok\nreadyz check passed\n";
    assert_eq!(get(&well(), "/readyz"), (200, text.to_owned()));
    assert_eq!(get(&well(), "/livez"), (200, "[+]turn ok\nlivez check passed\n".to_owned()));
}

#[test]
fn one_that_knows_nothing_is_not_ready_and_names_each_check() {
    let text = "[-]list failed: the cluster was not listed yet\n\
        [-]lease failed: it cannot be read or kept\n\
        [-]record failed: it cannot be written\n\
        [-]switch-canary failed: not tried yet\n\
        [-]admission-canary failed: not tried yet\n\
        readyz check failed\n";
    assert_eq!(get(&Report::default(), "/readyz"), (503, text.to_owned()));
}

#[test]
fn each_check_fails_by_itself() {
    let stale = Report { since_list: Some(STALE), ..well() };
    let lease = Report { lease: LeaseState::Unknown, ..well() };
    let record = Report { record_writable: false, ..well() };
    let switch = Report { switch_canary: Canary::Dead, ..well() };
    let admission = Report { admission_canary: Canary::Dead, ..well() };
    let cases = [
        (stale, "[-]list failed: the cluster was not listed for 60 s, 60 at most"),
        (lease, "[-]lease failed: it cannot be read or kept"),
        (record, "[-]record failed: it cannot be written"),
        (switch, "[-]switch-canary failed: a switch did not remove its policy"),
        (admission, "[-]admission-canary failed: what must be refused was admitted"),
    ];
    for (report, line) in cases {
        let (status, text) = get(&report, "/readyz");
        assert_eq!(status, 503);
        let failing: Vec<&str> = text.lines().filter(|line| line.starts_with("[-]")).collect();
        assert_eq!(failing, [line]);
        // It is not ended for it.
        assert_eq!(get(&report, "/livez").0, 200);
    }
}

#[test]
fn one_that_waits_for_the_lease_is_ready() {
    let waits = Report {
        lease: LeaseState::Other,
        switch_canary: Canary::Untried,
        admission_canary: Canary::Untried,
        ..well()
    };
    let text = "[+]list ok\n[+]lease ok\n[+]record ok\nreadyz check passed\n";
    assert_eq!(get(&waits, "/readyz"), (200, text.to_owned()));
}

#[test]
fn one_that_takes_no_turn_is_not_alive() {
    let stuck = Report { since_turn: STUCK, ..well() };
    let text = "[-]turn failed: no turn was taken for 120 s, 120 at most\nlivez check failed\n";
    assert_eq!(get(&stuck, "/livez"), (503, text.to_owned()));
}

#[test]
fn what_is_measured() {
    let mut lateness = Lateness::default();
    for millis in [0, 100, 101, 999, 1_000, 61_500] {
        lateness.observe(Duration::from_millis(millis));
    }
    let receiver = |name: &str, waiting, attempts, passed_over| Receiver {
        name: name.to_owned(),
        waiting,
        attempts,
        passed_over,
    };
    let report = Report {
        switch_canary: Canary::Dead,
        admission_canary: Canary::Untried,
        grants: [("Active".to_owned(), 3), ("Ended".to_owned(), 40)].into(),
        lateness,
        receivers: vec![
            receiver("siem", 7, 4, 1),
            // Whatever it is called, it stays within its quotes, and one series is one.
            receiver("a\"} 1\nfallgate_lease_held 1 \\", 0, 0, 0),
            receiver("siem", 9, 9, 9),
        ],
        ..well()
    };
    let text = r#"# HELP fallgate_grants Grants by phase.
# TYPE fallgate_grants gauge
fallgate_grants{phase="Active"} 3
fallgate_grants{phase="Ended"} 40
# HELP fallgate_close_lateness_seconds How long after it expired a grant was closed.
# TYPE fallgate_close_lateness_seconds histogram
fallgate_close_lateness_seconds_bucket{le="0.1"} 2
fallgate_close_lateness_seconds_bucket{le="0.25"} 3
fallgate_close_lateness_seconds_bucket{le="0.5"} 3
fallgate_close_lateness_seconds_bucket{le="1"} 5
fallgate_close_lateness_seconds_bucket{le="2.5"} 5
fallgate_close_lateness_seconds_bucket{le="5"} 5
fallgate_close_lateness_seconds_bucket{le="10"} 5
fallgate_close_lateness_seconds_bucket{le="30"} 5
fallgate_close_lateness_seconds_bucket{le="60"} 5
fallgate_close_lateness_seconds_bucket{le="+Inf"} 6
fallgate_close_lateness_seconds_sum 63.7
fallgate_close_lateness_seconds_count 6
# HELP fallgate_turn_age_seconds Time since the last turn began.
# TYPE fallgate_turn_age_seconds gauge
fallgate_turn_age_seconds 0.25
# HELP fallgate_list_age_seconds Time since everything was last listed.
# TYPE fallgate_list_age_seconds gauge
fallgate_list_age_seconds 5
# HELP fallgate_lease_held Whether this process holds the lease.
# TYPE fallgate_lease_held gauge
fallgate_lease_held 1
# HELP fallgate_record_writable Whether the record can be written.
# TYPE fallgate_record_writable gauge
fallgate_record_writable 1
# HELP fallgate_canary_alive Whether what a canary tries works; absent before the first try.
# TYPE fallgate_canary_alive gauge
fallgate_canary_alive{canary="switch"} 0
# HELP fallgate_webhook_waiting Entries of the record that a receiver was not told of.
# TYPE fallgate_webhook_waiting gauge
fallgate_webhook_waiting{receiver="a\"} 1\nfallgate_lease_held 1 \\"} 0
fallgate_webhook_waiting{receiver="siem"} 7
# HELP fallgate_webhook_attempts How often the next entry was tried.
# TYPE fallgate_webhook_attempts gauge
fallgate_webhook_attempts{receiver="a\"} 1\nfallgate_lease_held 1 \\"} 0
fallgate_webhook_attempts{receiver="siem"} 4
# HELP fallgate_webhook_passed_over_total Entries that a receiver would not read.
# TYPE fallgate_webhook_passed_over_total counter
fallgate_webhook_passed_over_total{receiver="a\"} 1\nfallgate_lease_held 1 \\"} 0
fallgate_webhook_passed_over_total{receiver="siem"} 1
"#;
    assert_eq!(get(&report, "/metrics"), (200, text.to_owned()));
}

#[test]
fn what_was_never_measured_is_absent() {
    let (_, text) = get(&Report::default(), "/metrics");
    assert!(!text.contains("list_age"), "{text}");
    assert!(!text.contains("fallgate_canary_alive{"), "{text}");
    assert!(text.contains("fallgate_lease_held 0\n"), "{text}");
}

#[test]
fn anything_else_is_refused() {
    let report = well();
    assert_eq!(get(&report, "/").0, 404);
    assert_eq!(get(&report, "/metrics/").0, 404);
    assert_eq!(ask(&report, Method::POST, "/metrics").0, 405);
    assert_eq!(ask(&report, Method::HEAD, "/readyz"), (200, String::new()));
}

/// What a server sends to whoever sends this.
async fn exchange(address: std::net::SocketAddr, bytes: &[u8]) -> String {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.writable().await.unwrap();
    assert_eq!(stream.try_write(bytes).unwrap(), bytes.len());
    let (mut text, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        stream.readable().await.unwrap();
        match stream.try_read(&mut bytes) {
            Ok(0) => break,
            Ok(read) => text.extend_from_slice(&bytes[..read]),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock),
        }
    }
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn it_answers_over_a_connection_and_closes_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(serve(listener, well));
    let text = exchange(address, b"GET /livez HTTP/1.1\r\nhost: probe\r\n\r\n").await;
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    assert!(text.contains("content-type: text/plain; charset=utf-8\r\n"), "{text}");
    assert!(text.ends_with("\r\n\r\n[+]turn ok\nlivez check passed\n"), "{text}");
    // What is no HTTP stops nothing.
    exchange(address, b"\x16\x03\x01\r\n\r\n").await;
    let text = exchange(address, b"GET /readyz HTTP/1.1\r\nhost: probe\r\n\r\n").await;
    assert!(text.ends_with("readyz check passed\n"), "{text}");
    server.abort();
}
