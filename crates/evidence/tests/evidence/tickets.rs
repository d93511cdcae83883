//! Lists of tickets.

use fallgate_evidence::{NotOpen, Problem, Scope, TextTickets, TicketAnswer, Tickets, Unavailable};
use jiff::{SignedDuration, Timestamp};

use crate::common::at;

fn tickets(text: &str) -> Result<TextTickets, Problem> {
    TextTickets::read("tickets.yaml", text.as_bytes(), at("2026-11-21T08:00:00Z"))
}

const LIST: &str = "\
tickets:
  - id: INC-7
    state: open
    service: shop-db
    namespaces: [shop, shop-eu]
    severity: sev2
    opened: 2026-11-21T02:30:00Z
    owners: [alice]
  - {id: INC-6, state: closed, namespaces: [shop], opened: 2026-11-20T02:30:00Z, closed: 2026-11-20T04:00:00Z}
  - {id: INC-8, state: open, namespaces: [shop], opened: 2026-11-21T02:30:00Z, closed: 2026-11-21T09:00:00Z}
  - {id: INC-9, state: open, opened: 2026-11-21T02:30:00Z}
  - {id: INC-10, state: open, service: shop-db, opened: 2026-11-21T02:30:00Z}
  - {id: INC-11, state: closed, namespaces: [shop], opened: 2026-11-20T02:30:00Z}
";

fn asked(id: &str, namespace: &str, service: Option<&str>, now: &str) -> TicketAnswer {
    let scope = Scope { namespace, service };
    let list = TextTickets::read("tickets.yaml", LIST.as_bytes(), Timestamp::MIN).unwrap();
    list.ticket(id, &scope, at(now), SignedDuration::MAX).unwrap().answer
}

fn is_open(id: &str, namespace: &str, service: Option<&str>) -> bool {
    matches!(asked(id, namespace, service, "2026-11-21T08:30:00Z"), TicketAnswer::Open(_))
}

#[test]
fn a_ticket_is_open_from_its_opening_until_it_is_closed() {
    let why = |id, now| match asked(id, "shop", None, now) {
        TicketAnswer::Open(ticket) => ticket.id,
        TicketAnswer::NotOpen(why) => why.to_string(),
    };
    assert_eq!(why("INC-7", "2026-11-21T08:30:00Z"), "INC-7");
    assert_eq!(why("INC-7", "2026-11-21T02:30:00Z"), "INC-7");
    assert_eq!(why("INC-7", "2026-11-21T02:29:59Z"), "it is opened at 2026-11-21T02:30:00Z");
    assert_eq!(why("INC-6", "2026-11-21T08:30:00Z"), "it is closed since 2026-11-20T04:00:00Z");
    assert_eq!(why("INC-8", "2026-11-21T08:59:59Z"), "INC-8");
    assert_eq!(why("INC-8", "2026-11-21T09:00:00Z"), "it is closed since 2026-11-21T09:00:00Z");
    assert_eq!(why("INC-11", "2026-11-21T08:30:00Z"), "it is closed");
    for missing in ["INC-1", "inc-7", "INC-7 ", ""] {
        assert_eq!(why(missing, "2026-11-21T08:30:00Z"), "there is no such ticket");
    }
}

#[test]
fn a_ticket_is_about_what_it_says() {
    assert!(is_open("INC-7", "shop-eu", None));
    assert!(is_open("INC-7", "shop", Some("shop-db")));
    assert!(!is_open("INC-7", "shop", Some("shop-web")), "another service");
    assert!(!is_open("INC-7", "billing", Some("shop-db")), "another namespace");
    assert!(is_open("INC-10", "shop", Some("shop-db")));
    assert!(!is_open("INC-10", "shop", None), "nothing to compare");
    assert!(!is_open("INC-9", "shop", Some("shop-db")), "it does not say");
    assert_eq!(
        asked("INC-9", "shop", None, "2026-11-21T08:30:00Z"),
        TicketAnswer::NotOpen(NotOpen::Elsewhere)
    );
}

#[test]
fn what_is_not_understood_is_told_by_its_line() {
    for (text, said) in [
        ("tickets:\n  - {id: a, state: done, opened: 2026-11-21T02:30:00Z}\n", "tickets.yaml:2: "),
        ("tickets:\n  - {id: a, state: Open, opened: 2026-11-21T02:30:00Z}\n", "tickets.yaml:2: "),
        ("tickets:\n  - {id: a, state: open}\n", "tickets.yaml:2: "),
        (
            "tickets:\n  - {id: a, state: open, opened: today}\n",
            "tickets.yaml:2: `opened` is `today`",
        ),
        (
            "tickets:\n  - id: a\n    state: open\n    opened: 2026-11-21T02:30:00Z\n    closed: 2026-11-20T02:30:00Z\n",
            "tickets.yaml:5: `closed` must not be before `opened`",
        ),
        (
            "tickets:\n  - {id: a, state: open, opened: 2026-11-21T02:30:00Z}\n  - {id: a, state: closed, opened: 2026-11-21T02:30:00Z}\n",
            "tickets.yaml:3: the ticket `a` is there twice",
        ),
        (
            "tickets:\n  - {id: \"a\\u001b[2J\", state: open, opened: 2026-11-21T02:30:00Z}\n",
            "tickets.yaml:2: `id` must not have control characters",
        ),
        ("tickets:\n  - {id: a, status: open, opened: 2026-11-21T02:30:00Z}\n", "tickets.yaml:2: "),
        ("INC-7: open\n", "tickets.yaml:1: "),
    ] {
        let error = tickets(text).unwrap_err().to_string();
        assert!(error.starts_with(said), "{text}\n{error}");
    }
}

#[test]
fn what_is_too_old_is_no_answer() {
    let scope = Scope { namespace: "shop", service: None };
    let list = tickets(LIST).unwrap();
    let hour = SignedDuration::from_hours(1);
    assert!(list.ticket("INC-7", &scope, at("2026-11-21T09:00:00Z"), hour).is_ok());
    for now in ["2026-11-21T09:00:01Z", "2026-11-21T07:59:59Z"] {
        let error = list.ticket("INC-7", &scope, at(now), hour).unwrap_err();
        assert!(matches!(error, Unavailable::Stale { .. } | Unavailable::Ahead { .. }));
    }
}

#[test]
fn an_answer_is_kept_with_what_it_stands_on() {
    let list = tickets(LIST).unwrap();
    let scope = Scope { namespace: "shop", service: None };
    let asked =
        |id| list.ticket(id, &scope, at("2026-11-21T08:30:00Z"), SignedDuration::MAX).unwrap();
    let evidence = asked("INC-7");
    assert_eq!(evidence.summary, "INC-7 is open");
    assert_eq!(evidence.document["question"]["namespace"], "shop");
    assert_eq!(evidence.document["answer"]["ticket"]["severity"], "sev2");
    assert_eq!(evidence.document["answer"]["open"], true);
    let closed = asked("INC-6");
    assert_eq!(closed.document["answer"]["why"], "it is closed since 2026-11-20T04:00:00Z");
    assert_eq!(closed.summary, "INC-6: it is closed since 2026-11-20T04:00:00Z");
    assert_ne!(evidence.digest, closed.digest);
}
