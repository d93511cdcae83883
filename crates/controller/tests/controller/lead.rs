//! Several processes, of which one leads; lists that fail; a control plane that
//! does not do its part.

use std::time::Duration;

use fallgate_controller::close_everything;
use fallgate_sim::fault::{Fault, Instead};
use fallgate_sim::{Controller as Part, Refusal, people};

use crate::shop::Shop;

#[tokio::test(start_paused = true)]
async fn one_process_leads_and_another_takes_over_when_it_is_gone() {
    let mut shop = Shop::new().await;
    let (mut first, mut second) = (shop.controller(), shop.controller());
    assert!(first.turn().await.leads);
    for _ in 0..10 {
        let (one, two) = (first.turn().await, second.turn().await);
        assert!(one.leads && !two.leads);
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    // The first one hangs. It has renewed its lease at most six seconds ago, and the
    // second one waits for the end of that.
    let start = shop.sim.now();
    let leads = loop {
        let turn = second.turn().await;
        if turn.leads {
            break shop.sim.now().duration_since(start).as_secs();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    };
    assert!((2..=10).contains(&leads), "{leads} s");
    // It wakes up, and finds that it does not lead any more before it writes.
    let turn = first.turn().await;
    assert!(!turn.leads, "{turn:?}");
}

/// Closing waits for no lease.
#[tokio::test(start_paused = true)]
async fn a_process_that_does_not_lead_closes_in_time() {
    let mut shop = Shop::new().await;
    let mut first = shop.controller();
    shop.open(&mut first, 120).await;
    let mut second = shop.controller();
    let expires = shop.grant_time("expiresAt");
    // The first one has just renewed its lease, and hangs. So does the control plane.
    tokio::time::sleep(
        expires.duration_since(shop.sim.now()).unsigned_abs() - Duration::from_secs(3),
    )
    .await;
    first.turn().await;
    shop.sim.stop(Part::Jobs);
    let turns = shop.until(&mut second, 30, |shop| shop.objects() == (0, 0)).await;
    assert!(turns.iter().all(|turn| !turn.leads));
    assert!(shop.sim.now().duration_since(expires).as_secs() <= 1);
}

/// What cannot be listed opens nothing, and what is open closes all the same.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_listed_stops_openings_and_not_closings() {
    for resource in ["accessdecisions", "accesslocks", "accessrequests", "pods", "networkpolicies"]
    {
        let mut shop = Shop::new().await;
        let mut controller = shop.controller();
        shop.open(&mut controller, 120).await;
        let refused = Refusal {
            code: 403,
            reason: "Forbidden".to_owned(),
            message: "no".to_owned(),
            details: Default::default(),
            metadata: Default::default(),
        };
        let fails = resource.to_owned();
        let user = shop.controller_user().username;
        shop.sim.set_faults(move |_, attributes| {
            let hit = attributes.user.username == user
                && attributes.verb == "list"
                && attributes.resource == fails;
            match hit {
                true => {
                    Fault { instead: Some(Instead::Refuse(refused.clone())), ..Fault::default() }
                }
                false => Fault::default(),
            }
        });
        let expires = shop.grant_time("expiresAt");
        shop.sim.stop(Part::Jobs);
        shop.until(&mut controller, 140, |shop| shop.objects() == (0, 0)).await;
        let late = shop.sim.now().duration_since(expires).as_secs();
        assert!(late <= 1, "{resource}: {late} s");
        let turn = controller.turn().await;
        assert!(resource == "pods" || !turn.complete, "{resource}");
    }
}

/// The switch is proved before anything opens; where it does not fire, nothing
/// does.
#[tokio::test(start_paused = true)]
async fn nothing_opens_while_switches_do_not_fire() {
    let mut shop = Shop::new().await;
    shop.sim.stop(Part::TtlAfterFinished);
    let mut controller = shop.controller();
    shop.ask(300);
    shop.until(&mut controller, 60, |shop| shop.phase() == "PendingApproval").await;
    shop.decide(&people::bob(), "Approved");
    shop.pass(&mut controller, 120).await;
    assert_eq!(shop.objects(), (0, 0));
    let message = shop.request()["status"]["message"].to_string();
    assert!(message.contains("canary"), "{message}");
    shop.sim.start(Part::TtlAfterFinished);
    shop.until(&mut controller, 120, |shop| shop.phase() == "Active").await;
}

/// Where admission lets through what it must refuse, what was approved is not
/// opened.
#[tokio::test(start_paused = true)]
async fn nothing_opens_while_admission_is_off() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.ask(300);
    shop.until(&mut controller, 60, |shop| shop.phase() == "PendingApproval").await;
    let binding = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings";
    let path = format!("{binding}/fallgate-controller-policies");
    shop.sim.request(&people::admin(), "DELETE", &path, None).unwrap();
    shop.decide(&people::bob(), "Approved");
    shop.until(&mut controller, 60, |shop| shop.phase() == "Denied").await;
    assert_eq!(shop.objects(), (0, 0));
    assert!(shop.request()["status"]["message"].to_string().contains("admission let"));
}

#[tokio::test(start_paused = true)]
async fn everything_closes_without_a_controller() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    drop(controller);
    let (writer, clock) = (shop.writer(&people::admin()), shop.clock());
    let closed = close_everything(&writer, &clock, Duration::from_secs(30)).await.unwrap();
    assert_eq!(closed.left, [] as [String; 0]);
    assert!(closed.switches >= 1);
    assert_eq!(shop.objects(), (0, 0));
    let mut controller = shop.controller();
    shop.until(&mut controller, 60, |shop| shop.phase() == "Ended").await;
    assert_eq!(shop.grant()["status"]["closedBy"], "Other");
}
