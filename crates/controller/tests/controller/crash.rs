//! A process may stop at any request: the next one goes on from what it finds.

use std::time::Duration;

use fallgate_sim::fault::{Fault, Plan};
use fallgate_sim::people;

use crate::shop::Shop;

const SECONDS: i64 = 45;

/// Lives through a grant from the request to its end. Tells how it ended.
async fn life(fault: Option<(u64, Fault)>) -> (Shop, String) {
    let mut shop = Shop::new().await;
    let user = shop.controller_user();
    if let Some((index, fault)) = fault {
        let plan = Plan::new().of(&user.username).at(index, fault);
        shop.sim.set_faults(move |index, attributes| plan.fault(index, attributes));
    }
    let mut controller = shop.controller();
    shop.ask(SECONDS);
    let end = shop.sim.now() + Duration::from_secs(240);
    let mut decided = false;
    while shop.sim.now() < end {
        if !shop.turn(&mut controller).await {
            controller = shop.controller();
        }
        shop.hold();
        if !decided && shop.phase() == "PendingApproval" {
            shop.decide(&people::bob(), "Approved");
            decided = true;
        }
        let logged = shop.grant()["status"]["conditions"]
            .as_array()
            .is_some_and(|all| all.iter().any(|condition| condition["type"] == "Logged"));
        if logged && shop.phase() == shop.grant()["status"]["phase"] {
            break;
        }
    }
    let end = format!("{} {}", shop.phase(), shop.grant()["status"]["endReason"]);
    (shop, end)
}

/// Crashes before and after everything that changes something or could.
///
/// Between two of those there are reads only, and a crash at one of them is a
/// crash after what was changed before: the next process cannot tell.
#[tokio::test(start_paused = true)]
async fn a_crash_at_any_write_changes_nothing_but_the_time() {
    let (shop, end) = life(None).await;
    assert_eq!(end, "Ended \"Expired\"");
    let user = shop.controller_user().username;
    let entries = shop.entries();
    let trace = shop.sim.trace();
    let writes: Vec<u64> = trace
        .iter()
        .filter(|exchange| exchange.username == user)
        .filter(|exchange| !matches!(exchange.verb.as_str(), "get" | "list" | "watch"))
        .map(|exchange| exchange.index.user)
        .collect();
    assert!(writes.len() > 20, "{writes:?}");
    for index in writes {
        for fault in [Fault::crash_before(), Fault::crash_after()] {
            let (shop, end) = life(Some((index, fault))).await;
            let what = format!("a crash at request {index}");
            assert_eq!(
                end,
                "Ended \"Expired\"",
                "{what}: {:#}",
                shop.request()["status"]["message"]
            );
            assert_eq!(shop.entries(), entries, "{what}");
            assert_eq!(shop.objects(), (0, 0), "{what}");
        }
    }
}

/// Without anybody, the switch closes what is open.
#[tokio::test(start_paused = true)]
async fn what_is_open_closes_without_the_controller() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 120).await;
    drop(controller);
    assert_eq!(shop.objects(), (1, 1));
    let expires = shop.grant_time("expiresAt");
    tokio::time::sleep(Duration::from_secs(121)).await;
    assert!(shop.sim.now() > expires);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(shop.objects(), (0, 0));
    // Whoever comes later finds it, and says who it was.
    let mut controller = shop.controller();
    shop.until(&mut controller, 60, |shop| shop.phase() == "Ended").await;
    assert_eq!(shop.grant()["status"]["closedBy"], "Switch");
    assert_eq!(shop.grant()["status"]["endReason"], "Expired");
}
