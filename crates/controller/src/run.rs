//! From turn to turn.

use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, select};
use tokio::sync::Notify;

use crate::controller::Controller;
use crate::watch::watch;

/// The shortest pause after a turn in which something could not be done.
const PAUSE: Duration = Duration::from_millis(50);

impl Controller {
    /// Takes turns until `stop` is told, then lets the lease go. What is open
    /// stays open until its time is over, by the switches.
    pub async fn run(&mut self, stop: Arc<Notify>) {
        let hint = Arc::new(Notify::new());
        let clock = self.clock();
        let watches = watch(self.client(), clock.clone(), hint.clone());
        let telling = self.teller().run();
        let turns = async {
            loop {
                let turn = self.turn().await;
                if turn.wait.is_zero() {
                    continue;
                }
                let pause = clock.sleep(turn.wait.max(PAUSE));
                match select(pause, std::pin::pin!(hint.notified())).await {
                    // Several changes come together.
                    Either::Right(_) => clock.sleep(PAUSE).await,
                    Either::Left(_) => {}
                }
            }
        };
        {
            let work = std::pin::pin!(futures::future::join3(watches, telling, turns));
            // A turn that is cut short is as one that crashed: nothing is lost.
            let _ = select(std::pin::pin!(stop.notified()), work).await;
        }
        self.let_go().await;
    }
}
