//! The controller on the simulated cluster.
#![cfg(test)]

mod crash;
mod ends;
mod lead;
mod life;
mod shop;
mod tell;
