//! From the request to the verified end.

use fallgate_sim::people;

use crate::shop::Shop;

const CONTROLLER: &str = "system:serviceaccount:fallgate-system:fallgate-controller";

#[tokio::test(start_paused = true)]
async fn a_path_opens_when_it_is_approved_and_closes_when_its_time_is_over() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.ask(300);
    shop.until(&mut controller, 30, |shop| shop.phase() == "PendingApproval").await;
    assert_eq!(shop.objects(), (0, 0));
    shop.pass(&mut controller, 60).await;
    assert_eq!(shop.phase(), "PendingApproval", "nobody has decided");
    shop.decide(&people::bob(), "Approved");
    shop.until(&mut controller, 30, |shop| shop.phase() == "Active").await;
    assert_eq!(shop.objects(), (1, 1));
    let expires = shop.grant_time("expiresAt");
    assert!(expires.duration_since(shop.sim.now()).as_secs() >= 280);

    shop.until(&mut controller, 320, |shop| shop.objects() == (0, 0)).await;
    let late = shop.sim.now().duration_since(expires);
    assert!(late.as_millis() >= -1000 && late.as_millis() <= 1000, "{late}");
    shop.until(&mut controller, 10, |shop| shop.phase() == "Ended").await;
    let grant = shop.grant();
    assert_eq!(grant["status"]["endReason"], "Expired");
    assert_eq!(grant["status"]["closedBy"], "Controller");
    shop.pass(&mut controller, 30).await;
    let told: Vec<(String, String)> = shop.entries();
    let told: Vec<(&str, &str)> = told.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        told,
        [
            ("request", "alice"),
            ("decision", "bob"),
            ("arming", CONTROLLER),
            ("opening", CONTROLLER),
            ("end", CONTROLLER),
        ]
    );
}

/// L3: what is as it should be is left alone.
#[tokio::test(start_paused = true)]
async fn nothing_is_written_while_nothing_happens() {
    let mut shop = Shop::new().await;
    let mut controller = shop.controller();
    shop.open(&mut controller, 3600).await;
    shop.pass(&mut controller, 30).await;
    let before = shop.sim.trace().len();
    shop.pass(&mut controller, 600).await;
    let trace = shop.sim.trace();
    let writes: Vec<&str> = trace
        .iter()
        .skip(before)
        .filter(|exchange| exchange.wrote && exchange.username == CONTROLLER)
        .map(|exchange| exchange.uri.as_str())
        // Leases and canaries are there to be written.
        .filter(|uri| !uri.contains("/leases/") && !uri.contains("namespaces/fallgate-system/"))
        .collect();
    assert_eq!(writes, [] as [&str; 0]);
}
