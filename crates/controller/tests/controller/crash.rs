//! What happens when there is no process: a crash at each request is tried by
//! `tests/simulation`.

use std::time::Duration;

use crate::shop::Shop;

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
