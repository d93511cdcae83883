//! The story holds, and is the same each time.
#![cfg(test)]

use fallgate_demo::story::{Step, play};

fn told() -> Vec<Step> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build().unwrap();
    runtime.block_on(play(&mut |_| {})).unwrap()
}

#[test]
fn every_step_holds_and_is_the_same_each_time() {
    let steps = told();
    let wrong: Vec<&Step> = steps.iter().filter(|step| step.wrong.is_some()).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(steps.len(), 15);
    assert_eq!(told(), steps);
}
